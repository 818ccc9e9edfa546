import Foundation
import JSON
import Platform
import Tokenization

/// The files a tokenizer is made of: names and contents.
///
/// They may come from a model's folder or from the assets inside a converted model.
package struct TokenizerFiles: Sendable {
    /// File names this module reads, the most complete description first.
    package static let knownNames = [
        "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model",
        "tokenizer.model", "spm.model", "sentencepiece.model", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "vocabulary.txt", "vocabulary.json", "vocabulary.spm", "preprocessor.json",
        "config.json",
    ]
    /// Folders below a model's own in which a file may lie: KerasHub keeps a tokenizer's files there.
    package static let assetFolders = ["assets/tokenizer"]

    /// Contents by file name (no folder).
    package let contents: [String: [UInt8]]

    /// Files that are in memory already; names this module does not read are harmless.
    package init(_ contents: [String: [UInt8]]) { self.contents = contents }

    /// Reads the files of ``knownNames`` that exist in a folder.
    ///
    /// - Throws: ``FileError`` when one cannot be read or is too large. An empty result is not an error here:
    ///   ``Tokenizer/load(files:)`` says what is missing.
    package init(directory: String) throws(FileError) {
        var found: [String: [UInt8]] = [:]
        for name in TokenizerFiles.knownNames {
            let candidates = [directory + "/" + name] + TokenizerFiles.assetFolders.map { "\(directory)/\($0)/\(name)" }
            guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else { continue }
            let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
            // A link's own size says nothing, so the bound is checked again on what was read.
            guard size <= Limits.fileBytes else {
                throw .limit(file: path, field: "size in bytes", limit: Limits.fileBytes, found: size)
            }
            do {
                found[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw FileError(.inputOutput, path: path, "cannot be read (\((error as NSError).localizedDescription))")
            }
        }
        contents = found
    }

    /// Contents of a file, checked against the bound on file sizes; `nil` when it is not there.
    func bytes(of name: String) throws(FileError) -> [UInt8]? {
        guard let bytes = contents[name] else { return nil }
        guard bytes.count <= Limits.fileBytes else {
            throw .limit(file: name, field: "size in bytes", limit: Limits.fileBytes, found: bytes.count)
        }
        return bytes
    }

    /// A JSON file; `nil` when it is not there.
    func json(_ name: String) throws(FileError) -> JSONField? {
        guard let bytes = try bytes(of: name) else { return nil }
        return try JSONDocument(parsing: bytes, file: name).root
    }
}
