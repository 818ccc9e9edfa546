import Files
import HDF5
import JSON
import ModelGraph
import Platform
import Tensors

/// The steps of writing one `.reuse.h5`.
struct ReuseFileWriter {
    let model: Model
    let compression: HDF5Compression
    let toolVersion: String
    let cancellation: Cancellation?

    /// Puts the file under its name, complete, once `check` has seen it under a temporary one.
    func write(to path: String, check: (String) throws(FileError) -> Void) throws(FileError) {
        var file = try AtomicFile(replacing: path)
        do throws(FileError) {
            try writeContents(to: file.temporaryPath)
            let (table, userBlock) = try UserBlock.seal(
                of: file.temporaryPath, version: ReuseFile.version(for: model.graph.graph), cancellation: cancellation)
            try cancellation.check(path)
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

    /// The HDF5 file behind an empty user block.
    private func writeContents(to path: String) throws(FileError) {
        let manifest: [UInt8]
        do {
            manifest = try Document.encode(Manifest(of: model, toolVersion: toolVersion, cancellation: cancellation))
        } catch {
            throw FileError(.defect, path: path, "the manifest cannot be written: \(error)")
        }
        var writer = try HDF5Writer(
            path: path, userBlockByteCount: UserBlock.byteCount, cancellation: cancellation)
        try writer.setAttribute(ReuseFile.AttributeName.format, to: ReuseFile.format)
        try writer.setAttribute(
            ReuseFile.AttributeName.version, to: ReuseFile.version(for: model.graph.graph))
        try writer.setAttribute(ReuseFile.AttributeName.manifestDigest, to: Digest(of: manifest).hex)
        try writer.write(bytes: manifest, at: "/\(ReuseFile.Path.manifest)")
        try writer.makeGroup(at: "/\(ReuseFile.Path.tensors)")
        for (id, tensor) in model.tensors.sorted(by: { $0.key < $1.key }) {
            try cancellation.check(path)
            try writer.write(tensor, at: "/\(ReuseFile.Path.tensors)/\(id)", compression: compression)
        }
        try writer.makeGroup(at: "/\(ReuseFile.Path.assets)")
        for (name, bytes) in model.assets.sorted(by: { $0.key < $1.key }) {
            try writer.write(bytes: bytes, at: "/\(ReuseFile.Path.assets)/\(name)")
        }
        try writer.close()
        try cancellation.check(path)
    }
}

extension UserBlock {
    /// Block table and user block for the contents that stand in a file.
    package static func seal(
        of path: String, version: Int = 1, cancellation: Cancellation? = nil
    ) throws(FileError) -> (table: [UInt8], userBlock: UserBlock) {
        let bytes = try MappedFile(path: path)
        guard bytes.byteCount > byteCount else {
            throw FileError(.inputOutput, path: path, "only \(bytes.byteCount) bytes were written")
        }
        return bytes.withUnsafeBytes { bytes in
            let contents = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(byteCount))
            let table = BlockDigests.table(BlockDigests.digests(of: contents, cancellation: cancellation))
            let userBlock = UserBlock(
                version: version, fileLength: UInt64(bytes.count + table.count), tableOffset: UInt64(bytes.count),
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
