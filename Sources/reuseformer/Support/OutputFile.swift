import Files
import HDF5
import Inputs
import JSON
import ModelGraph
import NumPy
import Platform
import ReuseTransformers

/// Files that the command writes: complete under their name, or not there at all.
enum OutputFile {
    /// Refuses to overwrite what somebody else may need. Called before any work starts.
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

    /// Writes a whole file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        var file = try AtomicFile(replacing: path)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes a document of ours.
    static func write(document: some Encodable, to path: String) throws {
        try write(try Document.encode(document), to: path)
    }

    /// Lets somebody else write a file under a temporary name, then gives it its own.
    ///
    /// - Parameter body: Writes to the path that it is given.
    static func produce(_ path: String, _ body: (String) throws -> Void) throws {
        let file = try AtomicFile(replacing: path)
        do {
            try body(file.temporaryPath)
        } catch let error as FileError where error.path == file.temporaryPath {
            // People know the name that they gave.
            throw FileError(error.kind, path: path, error.problems, remedy: error.remedy)
        }
        try file.commit()
    }

    /// Removes what is half-written: called when the process is about to end.
    static func discardAllPartials() { AtomicFile.removePending() }
}
