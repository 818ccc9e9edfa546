import Files
import JSON
import ModelGraph
import Platform
import Rewriting

extension AnalysisPart {
    /// A part with a thousand million pairs of maps is larger than this; none that a machine can make is.
    private static let byteLimit = 1 << 30

    /// What is looked at before anything else.
    private struct Header: Decodable {
        let kind: String?
        let version: Int?
    }

    /// Reads a part.
    ///
    /// - Throws: `FileError`: of kind `usage` for a document that is no part, or of another version; `corrupt` for
    ///   what is damaged; `inputOutput` where it cannot be read.
    package init(contentsOf path: String) throws(FileError) {
        let file = try MappedFile(path: path)
        guard file.byteCount <= Self.byteLimit else {
            throw .limit(file: path, field: "bytes", limit: Self.byteLimit, found: file.byteCount)
        }
        let bytes = file.withUnsafeBytes { Array($0) }
        let remedy = "make this part anew with `analyze --shard`"
        func decode<Value: Decodable>(_ type: Value.Type, isStrict: Bool) throws(FileError) -> Value {
            do throws(Document.ReadError) {
                return try Document.decode(type, from: bytes, isStrict: isStrict)
            } catch {
                throw FileError(
                    .corrupt, path: path, "is not a part of an analysis that can be read: \(error)", remedy: remedy)
            }
        }
        let header = try decode(Header.self, isStrict: false)
        guard header.kind == Self.kind else {
            throw FileError(.usage, path: path, "is no part of an analysis; give what `analyze --shard` wrote")
        }
        guard header.version == Self.currentVersion else {
            throw FileError(
                .usage, path: path,
                "is a part of version \(header.version ?? 0), this program reads \(Self.currentVersion)",
                remedy: remedy)
        }
        self = try decode(AnalysisPart.self, isStrict: true)
        // Its digest is among the bytes, and so is what the document does not use.
        guard (try? encoded()) == bytes else {
            throw FileError(
                .corrupt, path: path, "was changed after it was written", remedy: remedy)
        }
        // Pairs of heads are the square of the heads: a small file must not ask for many.
        let heads = origin.graph.attentionNodes.reduce(0) { $0 + ($1.attention?.computedHeads.count ?? 0) }
        guard heads <= Self.headLimit else {
            throw .limit(file: path, field: "origin.graph", limit: Self.headLimit, found: heads)
        }
    }

    /// The largest models that are published have nearly as many.
    private static let headLimit = 1 << 14

    /// Writes the part; the file appears complete or not at all.
    package func write(to path: String) throws(FileError) {
        let bytes: [UInt8]
        do { bytes = try encoded() } catch {
            throw FileError(.defect, path: path, "a number of the analysis is none: \(error)")
        }
        var file = try AtomicFile(replacing: path)
        try file.write(bytes)
        try file.commit()
    }
}

/// A folder that pieces of an analysis are kept in while it goes on.
package struct KeptFolder: Sendable {
    private let path: String
    private static let ending = ".part"

    /// Makes the folder where there is none.
    package init(_ path: String) throws(FileError) {
        self.path = path
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw FileError(.inputOutput, path: path, "is a file, not a folder; name a folder to keep results in")
            }
        } else if mkdir(path, 0o777) != 0, errno != EEXIST {
            throw FileError(path, errno: errno)
        }
    }

    /// What is kept of an analysis.
    ///
    /// - Throws: `FileError` of kind `usage`, with the file's name, where another analysis is kept there.
    package func parts(of origin: AnalysisPart.Origin) throws(FileError) -> KeptParts {
        let names: [String]
        do { names = try FileSystem.system.list(path) } catch { throw FileError(path, errno: error.code) }
        var parts: [AnalysisPart] = []
        for name in names.sorted() where name.hasSuffix(Self.ending) && !name.hasPrefix(".") {
            let file = "\(path)/\(name)"
            let part = try AnalysisPart(contentsOf: file)
            if let difference = part.origin.difference(from: origin) {
                throw FileError(
                    .usage, path: file, "\(difference) what is asked for now; give another folder, or remove this one")
            }
            parts.append(part)
        }
        return KeptParts(parts: parts) { (name, part) throws(AnalysisError) in
            do throws(FileError) { try part.write(to: "\(path)/\(name)\(Self.ending)") } catch { throw .file(error) }
        }
    }
}
