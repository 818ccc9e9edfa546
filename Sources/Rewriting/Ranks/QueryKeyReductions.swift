import Matrices
import ModelGraph
import Platform
import Plans
import Runtime
import Tensors

/// Reductions of all heads of one attention node: one a group of heads that share a key.
package struct QueryKeyReductions: Sendable {
    /// Queries and keys of the node, `[width, blocks · size]`, and what is added to them.
    private let query, key: Matrix
    private let queryBias, keyBias: Matrix?
    /// Columns of a block.
    private let size: Int
    /// Of each block of `query`, its key's block.
    private let groups: [Int]
    private let reductions: [RankReduction]

    /// - Parameters:
    ///   - model: Where the node's queries and keys are as wide as they were.
    ///   - heads: The node as it will be: only its computed heads are looked at.
    ///   - queries: The rows that queries are made of; `nil`: nothing is known of them.
    ///   - keys: The rows that keys are made of.
    /// - Returns: `nil` for a node without a head that computes, or numbers that are not finite.
    package init?(
        _ model: Model, _ node: Node, for heads: Attention, queries: RowMoments?, keys: RowMoments?,
        workers: CancellableWorkers
    ) throws(AnalysisError) {
        guard let attention = node.attention, !heads.computedHeads.isEmpty else { return nil }
        let size = attention.headSize
        func blocks(_ name: String, _ wanted: [Int], _ present: [Int]) throws(AnalysisError) -> Matrix {
            let id = node.parameterID(name)
            guard let tensor = model.tensors[id] else { throw .tensor(id, reason: "is missing") }
            let places = wanted.compactMap { present.firstIndex(of: $0) }
            guard places.count == wanted.count else { throw .tensor(id, reason: "has lost heads that a plan needs") }
            return tensor.matrix.selecting(columns: places.flatMap { Array($0 * size..<($0 + 1) * size) })
        }
        let computed = heads.computedHeads, keyGroups = heads.keyGroups
        query = try blocks("query_weight", computed, attention.computedHeads)
        key = try blocks("key_weight", keyGroups, attention.keyGroups)
        queryBias = attention.biases.query ? try blocks("query_bias", computed, attention.computedHeads) : nil
        keyBias = attention.biases.key ? try blocks("key_bias", keyGroups, attention.keyGroups) : nil
        self.size = size
        groups = computed.compactMap { head in keyGroups.firstIndex(of: heads.group(of: head)) }
        let ofQueries = (queries ?? RowMoments(unknown: query.rows)).projected(
            query, bias: queryBias, size: size, isCentred: false)
        let ofKeys = (keys ?? RowMoments(unknown: key.rows)).projected(key, bias: nil, size: size, isCentred: true)
        var sums = [Matrix](repeating: Matrix(zeros: size, size), count: keyGroups.count)
        for (block, group) in groups.enumerated() { sums[group] = sums[group] + ofQueries[block] }
        let slots = Lock([RankReduction?](repeating: nil, count: keyGroups.count))
        let both = Array(zip(sums, ofKeys))
        try workers.run(both.count) { index in
            let reduction = RankReduction(queries: both[index].0, keys: both[index].1)
            slots.withLock { $0[index] = reduction }
        }
        reductions = slots.withLock { $0 }.compactMap(\.self)
        guard reductions.count == keyGroups.count else { return nil }
    }

    /// Share of the scores' mean square that is lost at a rank, all heads together.
    package func lost(at rank: Int) -> Double {
        let all = reductions.reduce(0) { $0 + $1.energies.reduce(0, +) }
        return reductions.reduce(0) { $0 + $1.energies.dropFirst(rank).reduce(0, +) } / max(all, .leastNormalMagnitude)
    }

    /// The node's parameters at a rank, by name.
    func parameters(rank: Int) -> [String: Tensor] {
        let columns = Array(0..<min(rank, size))
        let ofQueries = groups.map { reductions[$0].queries.selecting(columns: columns) }
        let ofKeys = reductions.map { $0.keys.selecting(columns: columns) }
        var result = [
            "query_weight": narrowed(query, ofQueries).tensor(isVector: false),
            "key_weight": narrowed(key, ofKeys).tensor(isVector: false),
        ]
        if let queryBias { result["query_bias"] = narrowed(queryBias, ofQueries).tensor(isVector: true) }
        if let keyBias { result["key_bias"] = narrowed(keyBias, ofKeys).tensor(isVector: true) }
        return result
    }

    /// Each block times its own matrix.
    private func narrowed(_ matrix: Matrix, _ factors: [Matrix]) -> Matrix {
        let width = factors.first?.columns ?? 0
        var result = Matrix(zeros: matrix.rows, factors.count * width)
        for (block, factor) in factors.enumerated() {
            let product = matrix.selecting(columns: Array(block * size..<(block + 1) * size)).multiplied(by: factor)
            for row in 0..<matrix.rows {
                for column in 0..<width { result[row, block * width + column] = product[row, column] }
            }
        }
        return result
    }
}

extension QueryKeyReductions {
    /// Reductions of some nodes of a model, by what their projections really read there, in batches that fit into
    /// memory.
    ///
    /// - Parameters:
    ///   - rewrite: The graph whose heads will compute; `nil`: the model's own.
    ///   - activations: Where runs of the model begin (`RowSums.collect`), and what is known of it (likewise).
    ///   - body: Takes the reductions of one node after the other.
    package static func collect(
        _ model: Model, _ nodes: [Node], for rewrite: CheckedGraph? = nil, _ sequences: [ModelInput],
        pooling: Pooling?, from activations: CachedActivations? = nil, knowing known: KnownSums? = nil,
        resources: ExecutionResources,
        body: (Node, QueryKeyReductions) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let emphasis = model.graph.emphasis(pooling: pooling)
        let workers = CancellableWorkers(resources)
        func width(_ node: Node) -> Int { 2 * (node.attention.map { max($0.inputWidth, $0.memoryWidth ?? 0) } ?? 0) }
        // Nodes that read the same value have one sum of it.
        func moments(_ names: [String], _ emphasis: RowEmphasis?) throws(AnalysisError) -> [String: RowMoments] {
            let values = Set(names).sorted()
            let sums = try RowSums.collect(
                model, values: values, sequences, emphasis: emphasis, from: activations, knowing: known,
                resources: resources)
            return Dictionary(uniqueKeysWithValues: zip(values, sums.map { RowMoments($0) }))
        }
        for batch in RowSums.batches(of: nodes, width: width) {
            let sources = batch.map { $0.inputs[0] }
            let memories = batch.map { $0.attention?.isCross == true ? $0.inputs[1] : $0.inputs[0] }
            let queries = try moments(sources, emphasis)
            // Keys weigh alike, however much is read from one query.
            let keys = emphasis == nil && memories == sources ? queries : try moments(memories, nil)
            for (index, node) in batch.enumerated() {
                guard let heads = (rewrite ?? model.graph).node(named: node.name)?.attention,
                    let reductions = try QueryKeyReductions(
                        model, node, for: heads, queries: queries[sources[index]],
                        keys: keys[memories[index]], workers: workers)
                else { continue }
                try body(node, reductions)
            }
        }
    }
}

extension Matrix {
    fileprivate func tensor(isVector: Bool) -> Tensor {
        Tensor(elements.map(Float.init), shape: isVector ? [columns] : [rows, columns])
    }
}
