import ReuseTransformers

extension OutputFile {
    /// Refuses to overwrite what others may need. Called before any work starts.
    ///
    /// - Throws: When the file exists and `force` is not given, or when the name is a folder's.
    static func check(_ path: String?, force: Bool) throws {
        guard let path else { return }
        guard !path.isEmpty else { throw CommandError.usage("the name of an output file is empty") }
        switch PathKind(path) {
        case .nothing: return
        case .folder: throw CommandError.inputOutput("\(path): is a folder; give the name of a file")
        case .file:
            guard force else { throw CommandError.inputOutput("\(path): exists already; give --force to overwrite it") }
        }
    }
}
