import HDF5
import ModelGraph

/// The configuration of a Keras model, wherever a file holds it.
package enum KerasDocument {
    /// The configuration in a file.
    package static func read(path: String) throws(CheckpointError) -> JSONValue? { try read(FileEntry(path: path)) }

    /// The configuration in a file that was named for it: JSON, a `.keras` archive, or a whole model in HDF5.
    ///
    /// - Returns: `nil` for a file without one.
    static func read(_ entry: FileEntry) throws(CheckpointError) -> JSONValue? {
        if try isJSON(entry) { return try CheckpointFiles.document(entry) }
        if try KerasArchive.isArchive(entry) { return try KerasArchive(entry, isWithWeights: false).config }
        let file = try CheckpointError.mapping { () throws(HDF5Error) in try HDF5File.open(path: entry.path) }
        return try attribute(of: file, entry)
    }

    /// The configuration that Keras stores with a whole model.
    static func attribute(of file: HDF5File, _ entry: FileEntry) throws(CheckpointError) -> JSONValue? {
        guard let parts = try file.root.names(splitAttribute: "model_config", in: entry.path) else { return nil }
        do throws(Document.ReadError) {
            return try Document.decode(JSONValue.self, from: Array(parts.joined().utf8))
        } catch {
            throw CheckpointError(
                .corrupt, path: entry.path, "attribute model_config is no JSON: \(error.message.printable)",
                remedy: "get a fresh copy")
        }
    }

    /// Whether a configuration is one that Keras writes for a model.
    static func isModel(_ document: JSONValue) -> Bool {
        document["class_name"]?.stringValue != nil && document["config"]?.objectValue ?? nil != nil
    }

    /// Whether a configuration lists layers and calls: otherwise only code says what the model computes.
    static func isListed(_ document: JSONValue) -> Bool {
        document["class_name"]?.stringValue.map { KerasModelReader.isModel($0, document) } ?? false
    }

    /// Which release wrote a configuration, by how it spells calls and input layers.
    package static func generation(of document: JSONValue) -> KerasGeneration {
        let layers = document["config"]?["layers"]?.arrayValue ?? []
        for layer in layers {
            if let call = layer["inbound_nodes"]?.arrayValue?.first { return call["args"] == nil ? .keras2 : .keras3 }
            if layer["config"]?["batch_shape"] != nil { return .keras3 }
            if layer["config"]?["batch_input_shape"] != nil { return .keras2 }
        }
        return document["build_config"] == nil ? .keras2 : .keras3
    }

    /// Whether a file is a JSON object, by its first character.
    private static func isJSON(_ entry: FileEntry) throws(CheckpointError) -> Bool {
        try MappedBytes(path: entry.path).withUnsafeBytes { bytes in
            bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        }
    }
}
