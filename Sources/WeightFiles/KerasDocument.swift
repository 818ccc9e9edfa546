import Files
import HDF5
import JSON
import Platform

/// The configuration of a Keras model, wherever a file holds it.
package enum KerasDocument {
    /// The configuration in a file.
    package static func read(
        path: String, reading: HDF5ReadingOptions = .standard
    ) throws(FileError) -> JSONValue? { try read(FileEntry(path: path), reading: reading) }

    /// The configuration in a file that was named for it: JSON, a `.keras` archive, or a whole model in HDF5.
    ///
    /// - Parameter reading: How HDF5 is read.
    /// - Returns: `nil` for a file without one.
    package static func read(
        _ entry: FileEntry, reading: HDF5ReadingOptions = .standard
    ) throws(FileError) -> JSONValue? {
        let file = try MappedFile(path: entry.path)
        if isJSON(file) { return try CheckpointFolder.document(entry) }
        if FileContent(file) == .zipArchive {
            return try KerasArchive(file, isWithWeights: false, reading: reading).config
        }
        let hdf5 = try HDF5File.open(file, options: reading)
        return try attribute(of: hdf5, entry)
    }

    /// The configuration that Keras stores with a whole model.
    package static func attribute(of file: HDF5File, _ entry: FileEntry) throws(FileError) -> JSONValue? {
        guard let parts = try file.root.names(splitAttribute: "model_config", in: entry.path) else { return nil }
        return try JSONValue(
            parsing: Array(parts.joined().utf8), file: "\(entry.path): attribute model_config",
            limits: Document.limits)
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
