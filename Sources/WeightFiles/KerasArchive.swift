import Archives
import Files
import Foundation
import HDF5
import JSON
import Platform

/// A `.keras` file: a zip archive of a configuration and weights. What it is called does not matter.
package struct KerasArchive: Sendable {
    /// `config.json`; `nil` when there is none.
    package let config: JSONValue?
    /// `model.weights.h5`; `nil` when there is none.
    package let weights: HDF5File?

    private static let largestConfig = 16 << 20
    private static let weightsName = "model.weights.h5"

    /// - Parameters:
    ///   - isWithWeights: Whether the weights are opened too.
    ///   - reading: How HDF5 is read.
    package init(
        _ file: MappedFile, isWithWeights: Bool, reading: HDF5ReadingOptions
    ) throws(FileError) {
        let archive = try ZipArchive(file)
        let directory = archive.directory
        guard directory.member(named: "config.json") ?? directory.member(named: Self.weightsName) != nil else {
            throw FileError(
                .unsupported, path: file.path,
                "is a zip archive, and no .keras: it has neither config.json nor \(Self.weightsName)",
                remedy: "give a .keras archive, or unpack it and give a folder with weights and config.json")
        }
        if let member = directory.member(named: "config.json") {
            guard member.byteCount <= Self.largestConfig else {
                throw FileError(
                    .corrupt, path: file.path,
                    "config.json has \(member.byteCount) bytes; at most \(Self.largestConfig) are read")
            }
            let document = try JSONValue(
                parsing: try archive.contents(of: member), file: "\(file.path): config.json", limits: Document.limits)
            config = document.noting(version: try Self.version(in: archive, file))
        } else {
            config = nil
        }
        guard isWithWeights, let member = directory.member(named: Self.weightsName) else {
            weights = nil
            return
        }
        if member.isDeflated {
            weights = try Self.unpacked(try archive.contents(of: member), file, reading)
        } else {
            weights = try HDF5File.open(file, region: member.data, options: reading)
        }
    }

    /// Which Keras wrote the archive; `nil` where it does not say.
    private static func version(in archive: ZipArchive, _ file: MappedFile) throws(FileError) -> String? {
        guard let member = archive.directory.member(named: "metadata.json"), member.byteCount <= 1 << 16 else {
            return nil
        }
        let metadata = try JSONValue(
            parsing: try archive.contents(of: member), file: "\(file.path): metadata.json", limits: Document.limits)
        return metadata["keras_version"]?.stringValue
    }

    /// Weights that were compressed, in a temporary file without a name: only a file can be mapped.
    private static func unpacked(
        _ bytes: [UInt8], _ file: MappedFile, _ reading: HDF5ReadingOptions
    ) throws(FileError) -> HDF5File {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).h5").path
        guard
            FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else {
            throw FileError(
                .inputOutput, path: file.path, "its compressed weights do not fit into the temporary folder",
                remedy: "set TMPDIR to a folder with room for \(bytes.count) bytes")
        }
        defer { try? FileManager.default.removeItem(atPath: path) }
        do throws(FileError) {
            return try HDF5File.open(path: path, options: reading)
        } catch {
            throw FileError(
                error.kind, path: file.path, error.problems.map { "\(weightsName): \($0)" }, remedy: error.remedy)
        }
    }
}
