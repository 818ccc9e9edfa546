import ModelGraph
import Runtime
import Synchronization

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

    package init(
        _ model: Model, pairs: MapPairs, sequences: [TokenSequence], separators: Set<Int32>, threads: Int
    ) throws(AnalysisError) {
        let compiled = try model.compiled(threads: threads, observing: Observation(maps: Set(pairs.nodes)))
        let elements = sequences.reduce(0.0) { $0 + Double($1.visibleCount * $1.visibleCount) }
        let step = max(1, Int((elements * Double(pairs.pairs.count) / Self.workBudget).rounded(.up)))
        var halves = [PairSums(pairs), PairSums(pairs)]
        for chunk in sequences.chunks(tokens: Self.chunkTokens) {
            let part = Array(sequences[chunk])
            let slots = Mutex([PairSums?](repeating: nil, count: part.count))
            do {
                try compiled.run(concurrently: part) { group in
                    for sequence in group.sequences {
                        // The number in the whole set decides which rows are sampled: chunks do not show.
                        let sums = PairSums(
                            of: group, sequence, pairs: pairs, step: step,
                            offset: (chunk.lowerBound + sequence.index) % step,
                            separators: part[sequence.index].separatorKeys(separators))
                        slots.withLock { $0[sequence.index] = sums }
                    }
                }
            } catch { throw .runtime(error) }
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
        of group: GroupResult, _ sequence: GroupResult.Sequence, pairs: MapPairs, step: Int, offset: Int,
        separators: [Int]
    ) {
        self.init(pairs)
        let maps = pairs.heads.map { group.map($0, of: sequence) }
        let all = Array(stride(from: offset, to: sequence.visible, by: step))
        // The first query under a causal mask sees one key: every map agrees there.
        let causal = all.filter { $0 > 0 }
        for (index, pair) in pairs.pairs.enumerated() {
            guard let later = maps[pair.later], let earlier = maps[pair.earlier] else { continue }
            let queries = pairs.isCausal[pair.later] ? causal : all
            guard let mean = mapSimilarity(later, earlier, rows: queries) else { continue }
            similarity[index] = mean * Double(queries.count)
            rows[index] = Double(queries.count)
        }
        for (index, map) in maps.enumerated() {
            guard let map else { continue }
            let queries = pairs.isCausal[index] ? causal : all
            profiles[index].add(map, rows: queries, isCausal: pairs.isCausal[index], separators: separators)
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

extension TokenSequence {
    /// Indices among the visible tokens of those that separate.
    fileprivate func separatorKeys(_ separators: Set<Int32>) -> [Int] {
        guard !separators.isEmpty else { return [] }
        let visible = mask.isEmpty ? ids : ids.indices.filter { mask[$0] }.map { ids[$0] }
        return visible.indices.filter { separators.contains(visible[$0]) }
    }
}

/// Pearson correlation; `nil` when one side does not vary.
package func correlation(_ a: [Double], _ b: [Double]) -> Double? {
    guard a.count == b.count, a.count > 1 else { return nil }
    let n = Double(a.count)
    let meanA = a.reduce(0, +) / n, meanB = b.reduce(0, +) / n
    var ab = 0.0, aa = 0.0, bb = 0.0
    for (x, y) in zip(a, b) {
        ab += (x - meanA) * (y - meanB)
        aa += (x - meanA) * (x - meanA)
        bb += (y - meanB) * (y - meanB)
    }
    guard aa > 0, bb > 0 else { return nil }
    return ab / (aa * bb).squareRoot()
}
