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
        if try WeightsFile.isJSON(entry) { return try CheckpointFiles.document(entry) }
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
    static func generation(of document: JSONValue) -> KerasGeneration {
        let layers = document["config"]?["layers"]?.arrayValue ?? []
        for layer in layers {
            if let call = layer["inbound_nodes"]?.arrayValue?.first { return call["args"] == nil ? .keras2 : .keras3 }
            if layer["config"]?["batch_shape"] != nil { return .keras3 }
            if layer["config"]?["batch_input_shape"] != nil { return .keras2 }
        }
        return document["build_config"] == nil ? .keras2 : .keras3
    }
}

extension CheckpointSource {
    /// A checkpoint whose graph is that of a functional Keras model.
    ///
    /// - Parameter weights: How the variables are found; they are named as in `tensors`.
    static func keras(
        _ contents: CheckpointContents, dialect: String, tensors: TensorIndex, weights: KerasGraph.Weights,
        ignored: [TensorPlaces.Ignored]
    ) -> CheckpointSource {
        let path = contents.files.path
        let document = contents.config
        let isBeside = contents.weights.allSatisfy { $0.config == nil }
        var files = contents.weights.map(\.entry)
        if let entry = contents.files.configEntry, contents.files.configFile != nil || isBeside { files.append(entry) }
        return CheckpointSource(
            dialect: dialect, vocabulary: "keras", config: document ?? .object([:]), tensors: tensors, files: files,
            assets: contents.files.assetEntries.filter { $0.name != "config.json" }.map { ($0.name, $0) }
        ) { layers throws(CheckpointError) -> OwnGraph in
            guard let document else {
                throw CheckpointError(
                    .unsupported, path: path, "weights without a configuration: nothing tells what they are for",
                    remedy: "name a file that tells it with --config: a Keras JSON, a .keras, or a whole model in .h5")
            }
            let classes = KerasLayerClasses(custom: layers + (try CustomLayer.builtIn()))
            let graph = try KerasGraph(
                document, generation: KerasDocument.generation(of: document), weights: weights, classes: classes,
                path: path)
            var places = graph.places
            places.ignored += ignored
            return OwnGraph(architecture: "keras-functional", graph: graph.graph, places: places, traits: .init())
        }
    }
}
