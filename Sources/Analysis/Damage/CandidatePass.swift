import COpenBLAS
import Matrices
import ModelGraph
import Platform
import Rewriting
import Runtime
import Tensors

/// Local damage: for every head, how well other maps would do with the head's own values.
package struct CandidatePass {
    /// Candidates of each of `MapPairs.heads` whose node was asked for, in that order.
    package let heads: [HeadCandidates]

    /// Tokens whose contexts are compared; measured: four times as many change no choice.
    static let sampleTokens = 8192
    /// Earlier maps that similarity proposes for each head.
    static let proposals = 48
    /// Maps that a document keeps for each head, besides the static patterns.
    static let kept = 32
    /// Rows whose sums are held at a time.
    private static let chunkTokens = 2048
    /// Bytes of sums that are held at a time.
    private static let sumBytes = 256 << 20

    /// - Parameters:
    ///   - similarity: Of each pair whose later head is of a wanted node.
    ///   - wanted: The nodes whose heads are to be replaced; `nil`: all. What is found for one does not depend on the
    ///     others.
    package init(
        _ model: Model, pairs: MapPairs, similarity: [Double], sequences: [ModelInput], of wanted: Set<String>? = nil,
        pooling: Pooling? = nil, resources: ExecutionResources
    ) throws(AnalysisError) {
        let proposed = Self.propose(pairs, similarity: similarity)
        var nodes: [NodeCandidates] = []
        let workers = CancellableWorkers(resources)
        for node in model.graph.attentionNodes where wanted?.contains(node.name) ?? true {
            try workers.check()
            nodes.append(
                try NodeCandidates(
                    model, node, pairs: pairs, proposed: proposed, emphasis: model.graph.emphasis(pooling: pooling)))
        }
        let values = nodes.reduce(into: Set<String>()) { $0.formUnion($1.observed) }
        let maps = nodes.reduce(into: Set<String>()) { $0.formUnion($1.observedMaps) }
        let compiled = try model.compiled(
            resources: resources, observing: Observation(values: values, maps: maps))
        var sums = nodes.map { $0.heads.map { ContextSums(candidates: $0.maps.count + 1, width: $0.width) } }
        let fixed = nodes
        let sumSize = sums.joined().reduce(0) { $0 + $1.byteCount }
        for chunk in sequences.batches(
            rows: Self.chunkTokens, most: max(1, Self.sumBytes / max(1, sumSize)), by: .reaching)
        {
            let part = Array(sequences[chunk])
            let slots = Lock([[[ContextSums]]?](repeating: nil, count: part.count))
            do {
                try compiled.run(concurrently: part) { group in
                    for sequence in group.sequences where !workers.isCancelled {
                        let result = fixed.map { $0.sums(of: group, sequence) }
                        slots.withLock { $0[sequence.index] = result }
                    }
                }
            } catch { throw AnalysisError(error) }
            try workers.check()
            for result in slots.withLock({ $0 }).compactMap(\.self) {
                for node in sums.indices { for head in sums[node].indices { sums[node][head].add(result[node][head]) } }
            }
        }
        var heads: [HeadCandidates] = []
        for (node, sums) in zip(nodes, sums) {
            try workers.check()
            heads += zip(node.heads, sums).map { head, sums in
                HeadCandidates(id: head.id, maps: head.maps, gram: sums.gram).trimmed(to: Self.kept)
            }
        }
        self.heads = heads
    }

    /// The most similar earlier maps of each head.
    private static func propose(_ pairs: MapPairs, similarity: [Double]) -> [[Int]] {
        let count = pairs.heads.count
        var table = Matrix(zeros: count, count)
        for (index, pair) in pairs.pairs.enumerated() {
            table[pair.later, pair.earlier] = similarity[index]
            table[pair.earlier, pair.later] = similarity[index]
        }
        return pairs.heads.indices.map { head in
            Array(pairs.candidates[head].sorted { (-table[head, $0], $0) < (-table[head, $1], $1) }.prefix(proposals))
        }
    }
}

/// Sums over tokens of one head's contexts under all its candidates, the own map first.
struct ContextSums: Sendable {
    private var rows = 0.0
    /// Sums of each candidate's context, `[candidates, width]`.
    private var means: Matrix
    private var products: Matrix

    /// Bytes that the sums take.
    var byteCount: Int { 8 * (means.elements.count + products.elements.count) }

    init(candidates: Int, width: Int) {
        means = Matrix(zeros: candidates, width)
        products = Matrix(zeros: candidates, candidates)
    }

    /// Sums of one sequence from its contexts, `[candidates, rows · width]`.
    init(contexts: [Float], candidates: Int, rows: Int, width: Int) {
        self.init(candidates: candidates, width: width)
        self.rows = Double(rows)
        contexts.withUnsafeBufferPointer { contexts in
            means.elements.withUnsafeMutableBufferPointer { means in
                for candidate in 0..<candidates {
                    let target = candidate * width
                    for row in 0..<rows {
                        let source = (candidate * rows + row) * width
                        for column in 0..<width { means[target + column] += Double(contexts[source + column]) }
                    }
                }
            }
        }
        var partial = [Float](repeating: 0, count: candidates * candidates)
        blas_ssyrk(
            BLASRowMajor, BLASUpper, BLASNoTranspose, Int32(candidates), Int32(rows * width), 1, contexts,
            Int32(rows * width), 0, &partial, Int32(candidates))
        for row in 0..<candidates {
            for column in row..<candidates { products[row, column] = Double(partial[row * candidates + column]) }
        }
    }

    /// - Parameter times: How often the other rows count.
    mutating func add(_ other: ContextSums, times: Double = 1) {
        rows += times * other.rows
        for index in means.elements.indices { means.elements[index] += times * other.means.elements[index] }
        for index in products.elements.indices { products.elements[index] += times * other.products.elements[index] }
    }

    /// Inner products about the means, per token.
    var gram: Matrix {
        let n = max(rows, 1)
        var result = products
        for row in 0..<result.rows {
            for column in row..<result.columns {
                let offset = (0..<means.columns).reduce(0) { $0 + means[row, $1] * means[column, $1] } / n
                result[row, column] = (result[row, column] - offset) / n
                result[column, row] = result[row, column]
            }
        }
        return result
    }
}
