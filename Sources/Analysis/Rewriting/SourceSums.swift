import ModelGraph
import Runtime

/// What the source model's stream holds after each branch, for the texts that refits learn from.
///
/// One pass of the source serves all refits where the rows fit into memory; where they do not, each refit runs the
/// source again. Both ways give the same rows.
package struct SourceSums {
    /// Bytes of rows that are kept at most.
    static let memoryLimit = 768 << 20
    /// Tokens that are held at a time.
    static let chunkTokens = 4096

    package let sequences: [TokenSequence]
    let chunks: [Range<Int>]
    private let model: CompiledModel
    /// Rows by value, chunk by chunk; empty where they are computed when asked for.
    private var kept: [String: [RowBuffer]] = [:]

    /// - Parameter branches: The branches whose sums will be asked for.
    package init(
        _ source: Model, branches: [Branch], sequences: [TokenSequence], threads: Int
    ) throws(AnalysisError) {
        self.sequences = sequences
        chunks = sequences.chunks(tokens: Self.chunkTokens)
        let names = Set(branches.map(\.sum))
        model = try source.compiled(threads: threads, observing: Observation(values: names))
        let rows = sequences.reduce(0) { $0 + $1.visibleCount }
        let shapes: [String: ValueShape]
        do { shapes = try source.graph.inferShapes() } catch { throw .graph(error) }
        let bytes = names.reduce(0) { $0 + rows * (shapes[$1]?.width ?? 0) * 4 }
        guard bytes <= Self.memoryLimit, names.count > 1 else { return }
        for chunk in chunks {
            let values = try model.collect(Array(sequences[chunk]), values: names.sorted()).values
            for (name, buffer) in values { kept[name, default: []].append(buffer) }
        }
    }

    /// The sums of one branch for one chunk; the caller may change them.
    func rows(of branch: Branch, chunk index: Int) throws(AnalysisError) -> RowBuffer? {
        if let chunks = kept[branch.sum], chunks.indices.contains(index) { return chunks[index].copied() }
        return try model.collect(Array(sequences[chunks[index]]), values: [branch.sum]).values[branch.sum]
    }
}
