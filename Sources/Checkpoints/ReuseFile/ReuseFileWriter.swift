import Files
import HDF5
import JSON
import ModelGraph
import Platform
import Tensors

extension Checkpoint {
    /// How tensors are stored: plain, ready to be mapped, or shuffled and compressed by zstd.
    package typealias Compression = HDF5Compression

    /// Writes a model as a `.reuse.h5` (docs/format.md).
    ///
    /// The file appears under its name complete, or not at all. The same model with the same options gives the same
    /// bytes, whatever the number of threads. Tensors that no node of the graph owns are left out.
    ///
    /// - Parameters:
    ///   - path: Replaced if it exists.
    ///   - analysis: The analysis document that the plan came from, carried for the report.
    ///   - toolVersion: Version of the program, for the manifest.
    ///   - check: Called with the path of the complete file before it gets its name; throwing discards it.
    /// - Throws: `io` when the disk refuses, `internalDefect` for a model that is not sound.
    package static func write(
        _ model: Model, to path: String, compression: Compression = .none, analysis: [UInt8]? = nil,
        toolVersion: String,
        check: (String) throws(FileError) -> Void = { _ in }
    ) throws(FileError) {
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw FileError(.defect, path: path, error.problems.map(\.description))
        }
        var stored = model
        let owned = Set(model.graph.nodes.flatMap { node in node.ownParameters.map { "\(node.name)/\($0.name)" } })
        stored.tensors = model.tensors.filter { owned.contains($0.key) }
        let writer = ReuseFileWriter(
            model: stored, compression: compression, analysis: analysis, toolVersion: toolVersion)
        var file = try AtomicFile(replacing: path)
        do throws(FileError) {
            try writer.writeContents(to: file.temporaryPath)
            let (table, userBlock) = try UserBlock.seal(of: file.temporaryPath)
            try file.seek(to: Int(userBlock.tableOffset))
            try file.write(table)
            try file.seek(to: 0)
            try file.write(userBlock.bytes)
            try check(file.temporaryPath)
        } catch {
            throw error.renamed(from: file.temporaryPath, to: path)
        }
        try file.commit()
    }
}

/// The steps of writing one `.reuse.h5`.
private struct ReuseFileWriter {
    let model: Model
    let compression: HDF5Compression
    let analysis: [UInt8]?
    let toolVersion: String

    /// The HDF5 file behind an empty user block.
    func writeContents(to path: String) throws(FileError) {
        let manifest: [UInt8]
        do {
            manifest = try Document.encode(Manifest(of: model, analysis: analysis, toolVersion: toolVersion))
        } catch {
            throw FileError(.defect, path: path, "the manifest cannot be written: \(error)")
        }
        var writer = try HDF5Writer(path: path, userBlockByteCount: UserBlock.byteCount)
        try writer.setAttribute(ReuseFile.AttributeName.format, to: ReuseFile.format)
        try writer.setAttribute(ReuseFile.AttributeName.version, to: ReuseFile.formatVersion)
        try writer.setAttribute(ReuseFile.AttributeName.manifestDigest, to: Digest(of: manifest).hex)
        try writer.write(bytes: manifest, at: "/\(ReuseFile.Path.manifest)")
        try writer.makeGroup(at: "/\(ReuseFile.Path.tensors)")
        for (name, tensor) in model.tensors.sorted(by: { $0.key < $1.key }) {
            try writer.write(tensor, at: "/\(ReuseFile.Path.tensors)/\(name)", compression: compression)
        }
        try writer.makeGroup(at: "/\(ReuseFile.Path.assets)")
        for (name, bytes) in model.assets.sorted(by: { $0.key < $1.key }) {
            try writer.write(bytes: bytes, at: "/\(ReuseFile.Path.assets)/\(name)")
        }
        if let analysis { try writer.write(bytes: analysis, at: "/\(ReuseFile.Path.analysis)") }
        try writer.close()
    }
}

extension UserBlock {
    /// Block table and user block for the contents that stand in a file.
    package static func seal(of path: String) throws(FileError) -> (table: [UInt8], userBlock: UserBlock) {
        let bytes = try MappedFile(path: path)
        guard bytes.byteCount > byteCount else {
            throw FileError(.inputOutput, path: path, "only \(bytes.byteCount) bytes were written")
        }
        return bytes.withUnsafeBytes { bytes in
            let contents = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(byteCount))
            let table = BlockDigests.table(BlockDigests.digests(of: contents))
            let userBlock = UserBlock(
                fileLength: UInt64(bytes.count + table.count), tableOffset: UInt64(bytes.count),
                digest: Digest(of: table))
            return (table, userBlock)
        }
    }
}

extension FileError {
    /// The error with the name that the user knows instead of a temporary one.
    fileprivate func renamed(from temporary: String, to path: String) -> FileError {
        FileError(
            kind, path: self.path == temporary ? path : self.path,
            problems.map { $0.replacing(temporary, with: path) }, remedy: remedy)
    }
}
