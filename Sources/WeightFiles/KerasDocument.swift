import Files
import HDF5
import JSON
import Platform

/// The configuration of a Keras model, wherever a file holds it.
package enum KerasDocument {
    /// The configuration in a file.
    package static func read(
        path: String, reading: HDF5ReadingOptions = .standard
    ) throws(FileError) -> JSONValue? { try read(try MappedFile(path: path), reading: reading) }

    /// The configuration in a file that was named for it: JSON, a `.keras` archive, or a whole model in HDF5.
    ///
    /// - Parameter reading: How HDF5 is read.
    /// - Returns: `nil` for a file without one.
    package static func read(
        _ file: MappedFile, reading: HDF5ReadingOptions
    ) throws(FileError) -> JSONValue? {
        if isJSON(file) { return try CheckpointFolder.document(file) }
        if WeightFormat(file) == .kerasArchive {
            return try KerasArchive(file, isWithWeights: false, reading: reading).config
        }
        return try attribute(of: try HDF5File.open(file, options: reading))
    }

    /// The configuration that Keras stores with a whole model.
    package static func attribute(of file: HDF5File) throws(FileError) -> JSONValue? {
        guard let text = try file.root.text(splitAttribute: "model_config", in: file.path) else { return nil }
        let document = try JSONValue(
            parsing: Array(text.utf8), file: "\(file.path): attribute model_config", limits: Document.limits)
        let version = (try? file.root.text(splitAttribute: "keras_version", in: file.path)) ?? nil
        return document.noting(version: version)
    }

    /// Whether a configuration is one that Keras writes for a model.
    package static func isModel(_ document: JSONValue) -> Bool {
        document["class_name"]?.stringValue != nil && document["config"]?.objectValue ?? nil != nil
    }

    /// Whether a file is a JSON object, by its first character.
    private static func isJSON(_ file: MappedFile) -> Bool {
        file.withUnsafeBytes { bytes in
            bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        }
    }
}

extension JSONValue {
    /// A configuration with the release that wrote it, where it does not name one itself: what masks mean depends on
    /// it.
    func noting(version: String?) -> JSONValue {
        guard let version, case .object(var members) = self, members["keras_version"] == nil else { return self }
        members["keras_version"] = .string(version)
        return .object(members)
    }
}
