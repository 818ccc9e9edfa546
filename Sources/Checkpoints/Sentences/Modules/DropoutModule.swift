import Platform

/// `Dropout`: nothing, outside training.
struct DropoutModule: SentenceModule {
    static let className = "Dropout"

    init(_ files: inout ModuleFiles) throws(FileError) {
        guard var config = try files.optionalConfig() else { return }
        config.setAside("dropout", because: "it concerns training only")
        try files.finish(config)
    }

    func append(to graph: inout SentenceGraph) throws(FileError) {
        _ = try graph.value(.sentence, for: Self.className)
    }
}
