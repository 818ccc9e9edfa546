import HDF5
import Tensors

/// Compares every byte of a `.reuse.h5` with its digests, and says where a damaged one is damaged.
enum ReuseFileCheck {
    static func check(path: String) throws(CheckpointError) {
        let bytes = try MappedBytes(path: path)
        let problems = try bytes.withUnsafeBytes { (bytes) throws(CheckpointError) -> [String] in
            let block: UserBlock
            do throws(Problem) {
                block = try UserBlock(bytes)
            } catch {
                throw CheckpointError(error.kind, path: path, error.message, remedy: remedy)
            }
            let contents = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(UserBlock.byteCount))
            guard BlockDigests.root(of: BlockDigests.digests(of: contents)) != block.digest else { return [] }
            return damage(bytes, block, path: path)
        }
        guard problems.isEmpty else { throw CheckpointError(.corrupt, path: path, problems, remedy: remedy) }
    }

    private static let remedy = "get a fresh copy, or convert the model again"

    /// One message a damaged block. The digest over all is already known to be wrong.
    private static func damage(_ bytes: UnsafeRawBufferPointer, _ block: UserBlock, path: String) -> [String] {
        // `UserBlock` has checked that the table lies inside the file.
        let tableOffset = Int(block.tableOffset)
        let contents = UnsafeRawBufferPointer(rebasing: bytes[UserBlock.byteCount..<tableOffset])
        let damaged = BlockDigests.digests(of: contents).enumerated().filter { index, digest in
            let start = tableOffset + index * 32
            return !bytes[start..<start + 32].elementsEqual(digest.bytes)
        }.map(\.offset)
        guard !damaged.isEmpty else { return ["the block table (bytes \(tableOffset) to \(bytes.count)) is damaged"] }
        let places = Places(path: path)
        return damaged.map { index in
            let start = UserBlock.byteCount + index * BlockDigests.blockByteCount
            let end = min(start + BlockDigests.blockByteCount, tableOffset)
            return "block \(index) (bytes \(start) to \(end)) is damaged: \(places.description(of: start..<end))"
        }
    }

    /// What stands where in a damaged file, as far as it can still be told.
    private struct Places {
        private let datasets: [(path: String, extents: [Range<Int>], isSound: Bool)]?

        init(path: String) {
            guard let file = try? HDF5File.open(path: path) else {
                datasets = nil
                return
            }
            let manifest = try? ReuseFileContents.manifest(in: file, path: path)
            let digests = (manifest?.tensors ?? []).map { ("/\(ReuseFile.Path.tensors)/\($0.name)", $0.sha256) }
                + (manifest?.assets ?? []).map { ("/\(ReuseFile.Path.assets)/\($0.name)", $0.sha256) }
            let expected = Dictionary(digests, uniquingKeysWith: { first, _ in first })
            datasets = file.datasets.map { dataset in
                // Without a manifest every dataset in a damaged block is suspect.
                let found = try? dataset.tensor().digest.hex
                return (dataset.path, dataset.extents, found != nil && found == expected[dataset.path])
            }
        }

        func description(of block: Range<Int>) -> String {
            guard let datasets else { return "HDF5 structures" }
            let hit = datasets.filter { !$0.isSound && $0.extents.contains { $0.overlaps(block) } }.map(\.path.printable)
            return hit.isEmpty ? "HDF5 structures" : hit.prefix(4).joined(separator: ", ") + (hit.count > 4 ? " …" : "")
        }
    }
}
