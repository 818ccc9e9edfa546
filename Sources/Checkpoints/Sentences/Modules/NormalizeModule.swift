import ModelGraph
import Platform

/// `Normalize`: each embedding divided by its Euclidean length.
struct NormalizeModule: SentenceModule {
    static let className = "Normalize"

    init(_ files: inout ModuleFiles) throws(FileError) {
        let config = try files.optionalConfig()
        try config?.finish()
    }

    func append(to graph: inout SentenceGraph) throws(FileError) {
        let input = try graph.value(.sentence, for: Self.className)
        graph.set(.sentence, to: graph.add("unit_length", .unitLength, [input]))
    }
}
