import Files
import HDF5
import Platform
import Tensors

/// Compares every byte of a `.reuse.h5` with its digests, and says where a damaged one is damaged.
package enum ReuseFileCheck {
    /// Compares what costs no reading of tensors: the user block, the file's length and the table of digests.
    ///
    /// - Throws: `corrupt`, naming what is damaged.
    package static func checkHead(_ file: MappedFile) throws(FileError) {
        let problem = try file.withUnsafeBytes { (bytes) throws(FileError) -> String? in
            tableDamage(bytes, try userBlock(bytes, path: file.path))
        }
        if let problem { throw FileError(.corrupt, path: file.path, problem, remedy: remedy) }
    }

    private static func userBlock(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(FileError) -> UserBlock {
        do throws(Problem) {
            return try UserBlock(bytes)
        } catch {
            // A sound file of a later version.
            let isNewer = error.kind == .unsupported
            throw FileError(
                error.kind, path: path, error.message, remedy: isNewer ? ReuseFile.newerRemedy : remedy)
        }
    }

    /// What is wrong with the table of digests; `nil` when it is sound.
    private static func tableDamage(_ bytes: UnsafeRawBufferPointer, _ block: UserBlock) -> String? {
        // `UserBlock` has checked that the table lies inside the file.
        let offset = Int(block.tableOffset)
        let table = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        return Digest(of: table) == block.digest
            ? nil : "the block table (bytes \(offset) to \(bytes.count)) is damaged"
    }

    /// Compares everything.
    ///
    /// - Throws: `corrupt`, naming the damaged blocks and what they hold.
    package static func check(_ file: MappedFile, _ options: LoadingOptions = LoadingOptions()) throws(FileError) {
        let problems = try file.withUnsafeBytes { (bytes) throws(FileError) -> [String] in
            try damage(bytes, try userBlock(bytes, path: file.path), of: file, options)
        }
        guard problems.isEmpty else { throw FileError(.corrupt, path: file.path, problems, remedy: remedy) }
    }

    private static let remedy = "get a fresh copy, or convert the model again"

    /// What is damaged: the table, or blocks by number, one message each.
    private static func damage(
        _ bytes: UnsafeRawBufferPointer, _ block: UserBlock, of file: MappedFile, _ options: LoadingOptions
    ) throws(FileError) -> [String] {
        if let damage = tableDamage(bytes, block) { return [damage] }
        let tableOffset = Int(block.tableOffset)
        let table = UnsafeRawBufferPointer(rebasing: bytes[tableOffset...])
        let covered = UnsafeRawBufferPointer(rebasing: bytes[UserBlock.byteCount..<tableOffset])
        let digests = BlockDigests.digests(of: covered, cancellation: options.cancellation)
        try options.cancellation.check(file.path)
        let damaged = digests.enumerated().filter { index, digest in
            !table[index * 32..<(index + 1) * 32].elementsEqual(digest.bytes)
        }.map(\.offset)
        guard !damaged.isEmpty else { return [] }
        let contents = ContentMap(file, options)
        return damaged.map { index in
            let start = UserBlock.byteCount + index * BlockDigests.blockByteCount
            let end = min(start + BlockDigests.blockByteCount, tableOffset)
            return "block \(index) (bytes \(start) to \(end)) is damaged: \(contents.description(of: start..<end))"
        }
    }

    /// Which datasets lie where in a damaged file, as far as it can still be told.
    private struct ContentMap {
        private struct Item {
            let path: String
            let extents: [Range<Int>]
            let isSound: Bool
        }

        /// `nil` when the file cannot even be opened.
        private let items: [Item]?

        init(_ file: MappedFile, _ options: LoadingOptions) {
            guard let opened = try? HDF5File.open(file, options: options.hdf5) else {
                items = nil
                return
            }
            let manifest = try? ReuseFileContents.manifest(in: opened, path: file.path)
            let expected = manifest?.digests ?? [:]
            let manifestPath = "/\(ReuseFile.Path.manifest)"
            items = opened.datasets.map { dataset in
                let digest = (try? dataset.tensor())?.digest.hex
                // Without its manifest nothing is known of the other datasets.
                let isSound =
                    dataset.path == manifestPath
                    ? manifest != nil : digest != nil && expected[dataset.path, default: digest] == digest
                return Item(path: dataset.path, extents: dataset.extents, isSound: isSound)
            }
        }

        func description(of block: Range<Int>) -> String {
            guard let items else { return "HDF5 structures" }
            let hit = items.filter { !$0.isSound && $0.extents.contains { $0.overlaps(block) } }.map(\.path.printable)
            return hit.isEmpty ? "HDF5 structures" : hit.prefix(4).joined(separator: ", ") + (hit.count > 4 ? " …" : "")
        }
    }
}

extension Manifest {
    /// Digests of the datasets by path.
    fileprivate var digests: [String: String?] {
        var result: [String: String?] = [:]
        for tensor in tensors { result["/\(ReuseFile.Path.tensors)/\(tensor.name)"] = tensor.sha256 }
        for asset in assets { result["/\(ReuseFile.Path.assets)/\(asset.name)"] = asset.sha256 }
        return result
    }
}
