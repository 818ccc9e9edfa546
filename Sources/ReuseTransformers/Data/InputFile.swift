import Foundation
import Inputs
import JSON

/// Files that people write: texts, plans, documents.
package enum InputFile {
    /// No text file or document of a person is larger; more is a mistake in the name.
    private static let byteLimit = 1 << 31

    /// - Throws: `.inputOutput` when there is no such file.
    package static func check(_ path: String) throws(TransformerError) {
        if path == TextBytes.standardInput { return }
        switch PathKind(path) {
        case .nothing: throw TransformerError(.inputOutput, path: path, "there is no such file; check the path")
        case .folder: throw TransformerError(.inputOutput, path: path, "is a folder; give a file")
        case .file: break
        }
    }

    /// All bytes of a file.
    package static func bytes(of path: String) throws(TransformerError) -> [UInt8] {
        try check(path)
        if path == TextBytes.standardInput || PathKind.isSpecial(path) {
            return try TransformerError.mapping { try TextBytes.contents(of: path) }
        }
        let url = URL(fileURLWithPath: path)
        if let size = (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize, size > byteLimit {
            throw TransformerError(
                .usage, path: path, "has \(size) bytes, more than the \(byteLimit) that are read; split it")
        }
        guard let data = try? Data(contentsOf: url) else {
            throw TransformerError(.inputOutput, path: path, "cannot be read; check that you may read it")
        }
        return [UInt8](data)
    }

    /// A document of ours.
    ///
    /// - Parameters:
    ///   - name: What it should be: `a plan`.
    ///   - isStrict: Whether keys that `Value` does not have are errors; no for a part of a document.
    /// - Throws: `.usage` when it is not: a person wrote it and can correct it.
    package static func document<Value: Decodable>(
        _ type: Value.Type, at path: String, named name: String, isStrict: Bool = true
    ) throws(TransformerError) -> Value {
        let bytes = try bytes(of: path)
        do throws(Document.ReadError) {
            return try Document.decode(type, from: bytes, isStrict: isStrict)
        } catch {
            throw TransformerError(
                .usage, path: path,
                ["is not \(name) that this version can read: \(error.lines[0])"] + error.further)
        }
    }
}
