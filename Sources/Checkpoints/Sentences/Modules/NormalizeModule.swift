import ModelGraph
import Platform

/// `Normalize`: each embedding divided by its Euclidean length.
struct NormalizeModule: SentenceModule {
    static let className = "Normalize"

    init(_ files: inout ModuleFiles) throws(FileError) {
        if let config = try files.optionalConfig() { try files.finish(config) }
    }

    func append(to graph: inout SentenceGraph) throws(FileError) {
        let input = try graph.value(.sentence, for: Self.className)
        let norm = Norm.unit(width: try graph.width(of: input))
        graph.set(.sentence, to: graph.add("unit_length", .norm(norm), [input]))
    }
}
