import Platform

/// What one class of modules of sentence-transformers does, as nodes of a graph.
///
/// A new class is one file in `Modules`, and a line in `SentenceModules.classes`.
protocol SentenceModule: Sendable {
    /// Last part of the class's name in `modules.json`.
    static var className: String { get }

    /// Reads the module's files.
    ///
    /// - Throws: What the files ask for and is not handled, by its name.
    init(_ files: inout ModuleFiles) throws(FileError)

    /// Adds what the module computes.
    ///
    /// - Throws: When the modules before it do not give what it reads.
    func append(to graph: inout SentenceGraph) throws(FileError)
}
