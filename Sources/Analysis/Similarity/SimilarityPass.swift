import ModelGraph
import Platform
import Rewriting
import Runtime
import Statistics

/// Similarities of all compatible maps and profiles of all heads, from one pass over the calibration texts.
///
/// Memory does not depend on the number of texts: each sequence leaves one sum a pair, and chunks are added in order.
package struct SimilarityPass {
    /// Mean similarity of each of `MapPairs.pairs`.
    package let similarity: [Double]
    /// Correlation between the similarities of two halves of the texts: 1 when more data would change nothing.
    package let stability: Double?
    package let profiles: [HeadProfile]
    /// Every n-th query row was looked at.
    package let rowStep: Int

    /// Differences of map elements that one analysis may cost; beyond it rows are sampled.
    static let workBudget = 1.5e9
    /// Tokens whose sums are held at a time.
    private static let chunkTokens = 8192

    /// Bytes of sums that are held at a time.
    private static let sumBytes = 64 << 20

    package init(
        _ model: Model, pairs: MapPairs, sequences: [ModelInput], separators: Set<Int32>, resources: ExecutionResources
    ) throws(AnalysisError) {
        let workers = CancellableWorkers(resources)
        let rules = pairs.rules(model.graph)
        let compiled = try model.compiled(
            resources: resources,
            observing: Observation(values: Set(rules.values.flatMap(\.values)), maps: Set(pairs.nodes)))
        let spaces = model.graph.mapSpaces
        let step = Self.step(compiled, pairs: pairs, spaces, sequences)
        // Separators stand among the text's own tokens.
        let looksAtText = Set(pairs.nodes.filter { spaces[$0]?.keys == .tokens })
        var halves = [PairSums(pairs), PairSums(pairs)]
        let most = max(1, Self.sumBytes / max(1, 16 * pairs.pairs.count))
        for chunk in sequences.batches(rows: Self.chunkTokens, most: most, by: .reaching) {
            let part = Array(sequences[chunk])
            let slots = Lock([PairSums?](repeating: nil, count: part.count))
            do {
                try compiled.run(concurrently: part) { group in
                    for sequence in group.sequences where !workers.isCancelled {
                        // The number in the whole set decides which rows are sampled: chunks do not show.
                        let sums = PairSums(
                            of: group, sequence, pairs: pairs, rules: rules, step: step,
                            offset: (chunk.lowerBound + sequence.index) % step,
                            separators: part[sequence.index].separatorKeys(separators), looksAtText: looksAtText)
                        slots.withLock { $0[sequence.index] = sums }
                    }
                }
            } catch { throw AnalysisError(error) }
            try workers.check()
            for (index, sums) in slots.withLock({ $0 }).enumerated() {
                if let sums { halves[(chunk.lowerBound + index) % 2].add(sums) }
            }
        }
        var whole = halves[0]
        whole.add(halves[1])
        similarity = whole.means
        stability = correlation(halves[0].means, halves[1].means)
        profiles = pairs.heads.indices.map {
            whole.profiles[$0].profile(of: pairs.heads[$0], knowsSeparators: !separators.isEmpty)
        }
        rowStep = step
    }

    /// Every how many-th query row the work budget allows to look at.
    private static func step(
        _ compiled: CompiledModel, pairs: MapPairs, _ spaces: [String: MapSpaceRows], _ sequences: [ModelInput]
    ) -> Int {
        let counts = Dictionary(
            pairs.pairs.compactMap { spaces[pairs.heads[$0.later].node] }.map { ($0, 1.0) }, uniquingKeysWith: +)
        let elements = sequences.reduce(0.0) { total, sequence in
            counts.reduce(total) { total, entry in
                let queries = compiled.visibleRows(of: sequence, along: entry.key.queries)
                let keys = compiled.visibleRows(of: sequence, along: entry.key.keys)
                return total + entry.value * Double(queries) * Double(keys)
            }
        }
        return max(1, Int((elements / workBudget).rounded(.up)))
    }
}

/// Sums of one or more sequences.
private struct PairSums: Sendable {
    /// Similarity summed over rows, per pair.
    var similarity: [Double]
    /// Rows that counted, per pair.
    var rows: [Double]
    var profiles: [ProfileSums]

    init(_ pairs: MapPairs) {
        similarity = [Double](repeating: 0, count: pairs.pairs.count)
        rows = similarity
        profiles = [ProfileSums](repeating: ProfileSums(), count: pairs.heads.count)
    }

    init(
        of group: GroupResult, _ sequence: GroupResult.Sequence, pairs: MapPairs, rules: [String: QueryRows],
        step: Int, offset: Int, separators: [Int], looksAtText: Set<String>
    ) {
        self.init(pairs)
        let maps = pairs.heads.map { group.map($0, of: sequence) }
        // Rows are a node's: all of its heads have the same.
        var queries: [String: [Int]] = [:]
        for (head, map) in zip(pairs.heads, maps) where queries[head.node] == nil {
            guard let map else { continue }
            let rows = group.sequence(sequence, alongQueriesOf: head)
            queries[head.node] =
                rules[head.node]?.counted(in: group, rows, keys: map.columns, step: step, offset: offset) ?? []
        }
        for (index, pair) in pairs.pairs.enumerated() {
            guard let later = maps[pair.later], let earlier = maps[pair.earlier],
                let counted = queries[pairs.heads[pair.later].node],
                let mean = mapSimilarity(later, earlier, rows: counted)
            else { continue }
            similarity[index] = mean * Double(counted.count)
            rows[index] = Double(counted.count)
        }
        for (index, map) in maps.enumerated() {
            let node = pairs.heads[index].node
            guard let map, let counted = queries[node], let rule = rules[node] else { continue }
            profiles[index].add(
                map, rows: counted, isCross: rule.isCross, separators: looksAtText.contains(node) ? separators : []
            ) { rule.keys(of: $0, count: map.columns) }
        }
    }

    mutating func add(_ other: PairSums) {
        for index in similarity.indices {
            similarity[index] += other.similarity[index]
            rows[index] += other.rows[index]
        }
        for index in profiles.indices { profiles[index].add(other.profiles[index]) }
    }

    var means: [Double] { zip(similarity, rows).map { $1 > 0 ? $0 / $1 : 0 } }
}

extension ModelInput {
    /// Indices among the visible tokens of those that separate.
    fileprivate func separatorKeys(_ separators: Set<Int32>) -> [Int] {
        guard !separators.isEmpty else { return [] }
        let visible = mask.isEmpty ? ids : ids.indices.filter { mask[$0] }.map { ids[$0] }
        return visible.indices.filter { separators.contains(visible[$0]) }
    }
}
