import ModelGraph
import Runtime

/// What the source model's stream holds after each branch, for the texts that refits learn from.
///
/// Rows of the first chunks are kept as far as a limit goes; those of the others are computed when they are asked for,
/// by the part of the model before the branch. Memory does not grow with the number of sequences, and the rows are the
/// same either way.
package struct SourceSums {
    /// Rows that are held at a time.
    static let chunkTokens = 4096

    package let sequences: [ModelInput]
    let chunks: [Range<Int>]
    /// Rows that weigh more in refits.
    let emphasis: RowEmphasis?
    private let source: Model
    private let resources: ExecutionResources
    /// Rows by value, for the first chunks.
    private var kept: [String: [RowBuffer]] = [:]

    /// - Parameters:
    ///   - branches: The branches whose sums will be asked for.
    ///   - limit: Bytes of rows that are kept at most: worth more the more often a branch is asked for.
    ///   - times: How often each branch will be asked for.
    ///   - pooling: How embeddings are made, where the model's files do not say it.
    package init(
        _ source: Model, branches: [Branch], sequences: [ModelInput], keeping limit: Int, asking times: Int = 1,
        pooling: Pooling? = nil, resources: ExecutionResources
    ) throws(AnalysisError) {
        emphasis = source.graph.emphasis(pooling: pooling)
        self.sequences = sequences
        self.source = source
        self.resources = resources
        chunks = sequences.batches(rows: Self.chunkTokens, by: .reaching)
        let names = Set(branches.map(\.sum))
        guard names.count * times > 1 else { return }
        let model = try source.compiled(resources: resources, observing: Observation(values: names))
        var bytes = 0
        for chunk in chunks {
            let values = try model.collect(Array(sequences[chunk]), values: names.sorted()).values
            bytes += values.values.reduce(0) { $0 + $1.rows * $1.columns * 4 }
            guard bytes <= limit else { break }
            for (name, buffer) in values { kept[name, default: []].append(buffer) }
        }
    }

    /// The sums of one branch, chunk by chunk.
    func rows(of branch: Branch) throws(AnalysisError) -> Rows {
        let kept = kept[branch.sum] ?? []
        let model =
            kept.count < chunks.count
            ? try source.compiled(resources: resources, observing: Observation(values: [branch.sum])) : nil
        return Rows(value: branch.sum, kept: kept, model: model)
    }

    /// The sums of one branch.
    struct Rows {
        fileprivate let value: String
        fileprivate let kept: [RowBuffer]
        /// The part of the source that computes them; `nil` where all are kept.
        fileprivate let model: CompiledModel?

        /// Those of one chunk; the caller may change them.
        ///
        /// - Parameter sequences: The chunk's.
        func chunk(_ index: Int, of sequences: [ModelInput]) throws(AnalysisError) -> RowBuffer? {
            if kept.indices.contains(index) { return kept[index].copied() }
            return try model?.collect(sequences, values: [value]).values[value]
        }
    }
}
