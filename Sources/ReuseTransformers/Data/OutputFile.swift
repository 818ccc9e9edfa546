import Files
import Foundation
import JSON
import Platform

/// Files that are written: complete under their name, or not there at all. `-` is standard output.
package enum OutputFile {
    /// What stands for standard output.
    package static let standardOutput = "-"

    /// Writes a whole file.
    package static func write(_ bytes: [UInt8], to path: String) throws(TransformerError) {
        try TransformerError.mapping {
            guard path != standardOutput else { return try StandardOutput.write(bytes) }
            var file = try AtomicFile(replacing: path)
            try file.write(bytes)
            try file.commit()
        }
    }

    /// Writes a document of ours.
    package static func write(document: some Encodable, to path: String) throws(TransformerError) {
        try write(try TransformerError.mapping { try Document.encode(document) }, to: path)
    }

    /// Lets `body` write a file under a temporary name, then gives it its own.
    ///
    /// - Parameter body: Writes to the path that it is given.
    package static func produce(_ path: String, _ body: (String) throws -> Void) throws(TransformerError) {
        try TransformerError.mapping {
            guard path != standardOutput else { return try produceOnStandardOutput(body) }
            let file = try AtomicFile(replacing: path)
            do {
                try body(file.temporaryPath)
            } catch let error as FileError where error.path == file.temporaryPath {
                // People know the name that they gave.
                throw FileError(error.kind, path: path, error.problems, remedy: error.remedy)
            }
            try file.commit()
        }
    }

    /// Formats with a length at their beginning are written to a file first: nothing comes out of what fails half-way.
    private static func produceOnStandardOutput(_ body: (String) throws -> Void) throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "reuseformer-\(UUID().uuidString)")
        // Never committed: it goes away with the value, and when the process is stopped.
        let file = try AtomicFile(replacing: place.path)
        try body(file.temporaryPath)
        let mapped = try MappedFile(path: file.temporaryPath)
        try mapped.withUnsafeBytes { (bytes) throws(FileError) in try StandardOutput.write(bytes) }
    }
}
