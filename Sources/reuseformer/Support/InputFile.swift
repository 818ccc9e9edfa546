import Foundation
import JSON
import ModelGraph

/// Files that people write: texts, plans, documents.
enum InputFile {
    /// No text file or document of a person is larger; more is a mistake in the name.
    private static let byteLimit = 1 << 31

    /// - Throws: When there is no such file.
    static func check(_ path: String) throws {
        switch PathKind(path) {
        case .nothing: throw CommandError.inputOutput("\(path): there is no such file; check the path")
        case .folder: throw CommandError.inputOutput("\(path): is a folder; give a file")
        case .file: break
        }
    }

    /// All bytes of a file.
    static func bytes(of path: String) throws -> [UInt8] {
        try check(path)
        do {
            let url = URL(fileURLWithPath: path)
            if let size = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize, size > byteLimit {
                throw CommandError.usage(
                    "\(path): has \(size) bytes, more than the \(byteLimit) that are read; split it")
            }
            return [UInt8](try Data(contentsOf: url))
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError.inputOutput("\(path): cannot be read; check that you may read it")
        }
    }

    /// A document of ours.
    static func document<Value: Decodable>(_ type: Value.Type, at path: String, named name: String) throws -> Value {
        let bytes = try bytes(of: path)
        do {
            return try Document.decode(type, from: bytes)
        } catch {
            throw CommandError.usage("\(path): is not \(name) that this version can read: \(error)")
        }
    }
}
