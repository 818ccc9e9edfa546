import Archives
import Foundation
import HDF5
import ModelGraph

/// A `.keras` file: a zip archive of a configuration and weights. What it is called does not matter.
struct KerasArchive: Sendable {
    /// `config.json`; `nil` when there is none.
    let config: JSONValue?
    /// `model.weights.h5`; `nil` when there is none.
    let weights: HDF5File?

    private static let largestConfig = 16 << 20
    private static let weightsName = "model.weights.h5"

    /// Whether a file is a zip archive, by its first bytes.
    static func isArchive(_ entry: FileEntry) throws(CheckpointError) -> Bool {
        try MappedBytes(path: entry.path).withUnsafeBytes { $0.starts(with: [0x50, 0x4B, 0x03, 0x04]) }
    }

    /// - Parameter isWithWeights: Whether the weights are opened too.
    init(_ entry: FileEntry, isWithWeights: Bool) throws(CheckpointError) {
        let bytes = try MappedBytes(path: entry.path)
        func alone<R>(_ body: () throws(ZipDirectory.Failure) -> R) throws(CheckpointError) -> R {
            do throws(ZipDirectory.Failure) {
                return try body()
            } catch {
                let place = error.member.map { "\($0.printable): " } ?? ""
                throw CheckpointError(
                    error.kind == .unsupported ? .unsupported : .corrupt, path: entry.path,
                    "the archive: \(place)\(error.reason)")
            }
        }
        let directory = try alone { () throws(ZipDirectory.Failure) in
            try bytes.withUnsafeBytes { bytes throws(ZipDirectory.Failure) in try ZipDirectory(bytes) }
        }
        func contents(_ member: ZipDirectory.Member) throws(CheckpointError) -> [UInt8] {
            try alone { () throws(ZipDirectory.Failure) in
                try bytes.withUnsafeBytes { bytes throws(ZipDirectory.Failure) in try member.contents(of: bytes) }
            }
        }
        if let member = directory.member(named: "config.json") {
            guard member.byteCount <= Self.largestConfig else {
                throw CheckpointError(
                    .corrupt, path: entry.path,
                    "config.json has \(member.byteCount) bytes; at most \(Self.largestConfig) are read")
            }
            let text = try contents(member)
            do throws(Document.ReadError) {
                config = try Document.decode(JSONValue.self, from: text)
            } catch {
                throw CheckpointError(.corrupt, path: entry.path, "config.json is no JSON: \(error.message.printable)")
            }
        } else {
            config = nil
        }
        guard isWithWeights, let member = directory.member(named: Self.weightsName) else {
            weights = nil
            return
        }
        if member.isDeflated {
            weights = try Self.unpacked(try contents(member), entry)
        } else {
            weights = try CheckpointError.mapping { () throws(HDF5Error) in
                try HDF5File.open(path: entry.path, region: member.data)
            }
        }
        guard weights != nil || config != nil else {
            throw CheckpointError(.corrupt, path: entry.path, "an archive without config.json and \(Self.weightsName)")
        }
    }

    /// Weights that were compressed, in a temporary file without a name: only a file can be mapped.
    private static func unpacked(_ bytes: [UInt8], _ entry: FileEntry) throws(CheckpointError) -> HDF5File {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).h5").path
        guard
            FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else {
            throw CheckpointError(
                .io, path: entry.path, "its compressed weights do not fit into the temporary folder",
                remedy: "set TMPDIR to a folder with room for \(bytes.count) bytes")
        }
        defer { try? FileManager.default.removeItem(atPath: path) }
        do throws(HDF5Error) {
            return try HDF5File.open(path: path)
        } catch {
            let shown = CheckpointError(error)
            throw CheckpointError(
                shown.kind, path: entry.path, shown.problems.map { "\(weightsName): \($0)" }, remedy: shown.remedy)
        }
    }
}
