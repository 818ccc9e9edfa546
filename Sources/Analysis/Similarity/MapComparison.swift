import ModelGraph
import Platform
import Rewriting
import Runtime

/// Compares the maps of some nodes with all before them, text by text.
///
/// The leaves of the tree of sums are pairs of neighbouring texts: one of the even half, one of the odd.
struct MapComparison {
    let scope: MapScope
    private let model: CompiledModel
    private let pairs: MapPairs
    private let sequences: [ModelInput]
    private let separators: Set<Int32>
    private let rules: [String: QueryRows]
    /// Every n-th query row is looked at.
    let rowStep: Int
    /// Nodes among whose keys separators stand: the text's own tokens.
    private let readers: Set<String>
    private let workers: CancellableWorkers

    /// Tokens whose sums are held at a time.
    private static let chunkTokens = 8192
    /// Bytes of sums that are held at a time.
    private static let sumBytes = 64 << 20

    /// - Parameters:
    ///   - nodes: The nodes of the later head of each pair.
    ///   - rowStep: Every how many-th query row is looked at; `nil`: as many as the work budget allows.
    init(
        _ model: Model, pairs: MapPairs, nodes: Set<String>, sequences: [ModelInput], separators: Set<Int32>,
        rowStep: Int? = nil, resources: ExecutionResources
    ) throws(AnalysisError) {
        scope = MapScope(pairs, nodes: nodes)
        self.pairs = pairs
        self.sequences = sequences
        self.separators = separators
        workers = CancellableWorkers(resources)
        let observed = scope.observed
        rules = pairs.rules(model.graph).filter { observed.contains($0.key) }
        if let rowStep {
            self.rowStep = rowStep
        } else {
            self.rowStep = try SimilarityPass.rowStep(model, pairs: pairs, sequences: sequences, resources: resources)
        }
        self.model = try model.compiled(
            resources: resources,
            observing: Observation(values: Set(rules.values.flatMap(\.values)), maps: observed))
        let spaces = model.graph.mapSpaces
        readers = Set(pairs.nodes.filter { spaces[$0]?.keys == .tokens })
    }

    /// Leaves of the tree over all texts.
    var leafCount: Int { Self.leafCount(of: sequences.count) }

    static func leafCount(of texts: Int) -> Int { (texts + 1) / 2 }

    /// Adds the leaves that a tree lacks.
    ///
    /// - Parameters:
    ///   - leaves: Those that are wanted; `nil`: all. The tree holds the first of them, or none.
    ///   - progress: Called with what there is so far, after some thousand tokens.
    func fill(
        _ tree: inout TextTree<MapSums>, leaves: Range<Int>? = nil,
        progress: (TextTree<MapSums>) throws(AnalysisError) -> Void = { _ in }
    ) throws(AnalysisError) {
        let wanted = leaves ?? 0..<leafCount
        var leaf = tree.branches.isEmpty ? wanted.lowerBound : tree.end
        let texts = min(2 * leaf, sequences.count)..<min(2 * wanted.upperBound, sequences.count)
        guard !texts.isEmpty else { return }
        let part = Array(sequences[texts])
        let most = max(1, Self.sumBytes / max(1, 16 * scope.pairs.count))
        var pending: MapSums.Half?
        func add(_ half: MapSums.Half, _ other: MapSums.Half) {
            tree.append(.init(level: 0, index: leaf, sum: MapSums(even: half, odd: other)))
            leaf += 1
        }
        for chunk in part.batches(rows: Self.chunkTokens, most: most, by: .reaching) {
            for half in try halves(of: Array(part[chunk]), from: texts.lowerBound + chunk.lowerBound) {
                guard let even = pending else {
                    pending = half
                    continue
                }
                pending = nil
                add(even, half)
            }
            try progress(tree)
        }
        if let even = pending { add(even, .init(scope)) }
    }

    /// The sums of some sequences.
    ///
    /// - Parameter first: The number of the first one among all: it decides which rows are sampled.
    private func halves(of part: [ModelInput], from first: Int) throws(AnalysisError) -> [MapSums.Half] {
        let slots = Lock([MapSums.Half?](repeating: nil, count: part.count))
        do {
            try model.run(concurrently: part) { group in
                for sequence in group.sequences where !workers.isCancelled {
                    let sums = sums(
                        of: group, sequence, offset: (first + sequence.index) % rowStep,
                        separators: part[sequence.index].separatorKeys(separators))
                    slots.withLock { $0[sequence.index] = sums }
                }
            }
        } catch { throw AnalysisError(error) }
        try workers.check()
        return slots.withLock { $0 }.map { $0 ?? .init(scope) }
    }

    /// The sums of one sequence.
    private func sums(
        of group: GroupResult, _ sequence: GroupResult.Sequence, offset: Int, separators: [Int]
    ) -> MapSums.Half {
        var sums = MapSums.Half(scope)
        let maps = pairs.heads.map { scope.observed.contains($0.node) ? group.map($0, of: sequence) : nil }
        // Rows are a node's: all of its heads have the same.
        var queries: [String: [Int]] = [:]
        for (head, map) in zip(pairs.heads, maps) where queries[head.node] == nil {
            guard let map else { continue }
            let rows = group.sequence(sequence, alongQueriesOf: head)
            queries[head.node] =
                rules[head.node]?.counted(in: group, rows, keys: map.columns, step: rowStep, offset: offset) ?? []
        }
        for (place, index) in scope.pairs.enumerated() {
            let pair = pairs.pairs[index]
            guard let later = maps[pair.later], let earlier = maps[pair.earlier],
                let counted = queries[pairs.heads[pair.later].node],
                let mean = mapSimilarity(later, earlier, rows: counted)
            else { continue }
            sums.similarity[place] = mean * Double(counted.count)
            sums.rows[place] = Double(counted.count)
        }
        for (place, index) in scope.heads.enumerated() {
            let node = pairs.heads[index].node
            guard let map = maps[index], let counted = queries[node], let rule = rules[node] else { continue }
            sums.profiles[place].add(
                map, rows: counted, isCross: rule.isCross, separators: readers.contains(node) ? separators : []
            ) { rule.keys(of: $0, count: map.columns) }
        }
        return sums
    }
}

extension ModelInput {
    /// Indices among the visible tokens of those that separate.
    fileprivate func separatorKeys(_ separators: Set<Int32>) -> [Int] {
        guard !separators.isEmpty else { return [] }
        let visible = mask.isEmpty ? ids : ids.indices.filter { mask[$0] }.map { ids[$0] }
        return visible.indices.filter { separators.contains(visible[$0]) }
    }
}
