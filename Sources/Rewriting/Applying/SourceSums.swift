import ModelGraph
import Platform
import Plans
import Runtime

/// What the source model's stream holds after each branch, for the texts that refits learn from.
///
/// The source runs from values that it has in front of the branches, which are kept as far as a limit goes; of the
/// branch that was asked for last the rows themselves are kept too. Memory does not grow with the number of sequences,
/// and the rows are the same either way.
package struct SourceSums {
    /// Rows that are held at a time.
    static let chunkTokens = 4096

    package let sequences: [ModelInput]
    /// Number of the first sequence among all of the conversion.
    let first: Int
    let chunks: [Range<Int>]
    /// Rows that weigh more in refits.
    let emphasis: RowEmphasis?
    /// Where runs of the source, and of models that differ from it in a branch, begin.
    package private(set) var activations: CachedActivations
    private let source: Model
    private let resources: ExecutionResources
    private let limit: Int
    /// Whether a branch is asked for more than once.
    private let keepsSums: Bool
    private let last = Lock<(value: String, rows: [RowBuffer])>(("", []))

    /// - Parameters:
    ///   - first: The number of the first sequence among all, where these are a part that begins with a chunk.
    ///   - branches: The branches whose sums will be asked for.
    ///   - limit: Bytes that are kept at most.
    ///   - times: How often each branch will be asked for.
    ///   - borrowing: Whether branches may come to borrow maps of earlier nodes: these begin from kept values as well.
    ///   - pooling: How embeddings are made, where the model's files do not say it.
    package init(
        _ source: Model, branches: [Branch], sequences: [ModelInput], startingAt first: Int = 0, keeping limit: Int,
        asking times: Int = 1,
        borrowing: Bool = false, pooling: Pooling? = nil, resources: ExecutionResources
    ) throws(AnalysisError) {
        emphasis = source.graph.emphasis(pooling: pooling)
        self.sequences = sequences
        self.first = first
        self.source = source
        self.resources = resources
        self.limit = limit
        keepsSums = times > 1
        chunks = Self.chunks(of: sequences)
        let nodes = Set(branches.map(\.node))
        let owners = borrowing ? source.graph.attentionNodes.map(\.name) : []
        activations = try CachedActivations(
            of: source, source.graph.cuts(before: nodes.union(owners)), sequences: sequences, keeping: limit,
            resources: resources)
    }

    /// Sequences whose rows are held at a time: those behind the cut of a chunk are cut alike.
    static func chunks(of sequences: [ModelInput]) -> [Range<Int>] {
        sequences.batches(rows: chunkTokens, by: .reaching)
    }

    /// Forgets what is in front of branches that are done with, and computes the sums of the next one: the runs to the
    /// one behind it begin there.
    ///
    /// - Parameter branches: Those that will still be asked for, the next one first.
    mutating func advance(to branches: some Collection<Branch>) throws(AnalysisError) {
        var names = source.graph.cut(before: source.graph.beginnings(of: branches.map(\.node)))
        // As few texts are kept of more values, they are computed twice where not all can be.
        if let sum = branches.first?.sum, bytes(of: names.union([sum])) <= limit { names.insert(sum) }
        activations = try CachedActivations(
            of: source, names, sequences: sequences, keeping: limit, from: activations, resources: resources)
    }

    /// Bytes of some values of all sequences.
    private func bytes(of names: Set<String>) -> Int {
        let shapes = source.graph.shapes
        let width = names.reduce(0) { $0 + (shapes[$1]?.width ?? 0) }
        return MemoryLayout<Float>.stride * width * sequences.reduce(0) { $0 + $1.rowEstimate }
    }

    /// The sums of one branch, chunk by chunk.
    func rows(of branch: Branch) throws(AnalysisError) -> Rows {
        if activations.keepsAll(of: branch.sum) { return Rows(value: branch.sum, activations: activations) }
        var kept = last.withLock { $0.value == branch.sum ? $0.rows : [] }
        guard kept.count < chunks.count else { return Rows(value: branch.sum, kept: kept, model: nil) }
        let model = try activations.begun(
            source, observing: Observation(values: [branch.sum]), resources: resources)
        guard keepsSums, kept.isEmpty else { return Rows(value: branch.sum, kept: kept, model: model) }
        var bytes = 0
        for chunk in chunks {
            guard let rows = try model.collect(chunk, values: [branch.sum]).values[branch.sum] else { break }
            bytes += rows.rows * rows.columns * MemoryLayout<Float>.stride
            guard bytes <= limit / 4 else { break }
            kept.append(rows)
        }
        let rows = kept
        last.withLock { $0 = (branch.sum, rows) }
        return Rows(value: branch.sum, kept: kept, model: kept.count < chunks.count ? model : nil)
    }

    /// The sums of one branch.
    struct Rows {
        fileprivate let value: String
        fileprivate var kept: [RowBuffer] = []
        /// The part of the source that computes them; `nil` where all are kept.
        fileprivate var model: BegunModel?
        /// Where they are kept as activations.
        fileprivate var activations: CachedActivations?

        /// Those of one chunk; the caller may change them.
        ///
        /// - Parameter sequences: The chunk's.
        func chunk(_ index: Int, of sequences: Range<Int>) throws(AnalysisError) -> RowBuffer? {
            if kept.indices.contains(index) { return kept[index].copied() }
            if let activations { return activations.rows(of: value, sequences) }
            return try model?.collect(sequences, values: [value]).values[value]
        }
    }
}

extension CheckedGraph {
    /// Some nodes that change, and in front of last matrices of feed-forward parts the first ones: what those read is a
    /// fraction of what the last one does.
    package func beginnings(of nodes: some Sequence<String>) -> Set<String> {
        let parts = Dictionary(feedForwardParts.map { ($0.node, $0.firsts) }, uniquingKeysWith: { first, _ in first })
        return nodes.reduce(into: []) { $0.formUnion((parts[$1] ?? []) + [$1]) }
    }

    /// The cuts before each of some nodes, together.
    package func cuts(before nodes: some Sequence<String>) -> Set<String> {
        nodes.reduce(into: []) { $0.formUnion(cut(before: [$1])) }
    }
}
