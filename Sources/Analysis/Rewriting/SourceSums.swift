import ModelGraph
import Runtime

/// What the source model's stream holds after each branch, for the texts that refits learn from.
///
/// Rows of the first chunks are kept as far as `memoryLimit` goes; those of the others are computed when they are asked
/// for. Memory does not grow with the number of sequences, and the rows are the same either way.
package struct SourceSums {
    /// Bytes of rows that are kept at most.
    static let memoryLimit = 192 << 20
    /// Rows that are held at a time.
    static let chunkTokens = 4096

    package let sequences: [TokenSequence]
    let chunks: [Range<Int>]
    private let model: CompiledModel
    /// Rows by value, for the first chunks.
    private var kept: [String: [RowBuffer]] = [:]

    /// - Parameter branches: The branches whose sums will be asked for.
    package init(
        _ source: Model, branches: [Branch], sequences: [TokenSequence], threads: Int
    ) throws(AnalysisError) {
        self.sequences = sequences
        chunks = sequences.chunks(tokens: Self.chunkTokens)
        let names = Set(branches.map(\.sum))
        model = try source.compiled(threads: threads, observing: Observation(values: names))
        guard names.count > 1 else { return }
        var bytes = 0
        for chunk in chunks {
            let values = try model.collect(Array(sequences[chunk]), values: names.sorted()).values
            bytes += values.values.reduce(0) { $0 + $1.rows * $1.columns * 4 }
            guard bytes <= Self.memoryLimit else { break }
            for (name, buffer) in values { kept[name, default: []].append(buffer) }
        }
    }

    /// The sums of one branch for one chunk; the caller may change them.
    func rows(of branch: Branch, chunk index: Int) throws(AnalysisError) -> RowBuffer? {
        if let chunks = kept[branch.sum], chunks.indices.contains(index) { return chunks[index].copied() }
        return try model.collect(Array(sequences[chunks[index]]), values: [branch.sum]).values[branch.sum]
    }
}
