import ArchitectureSpecs
import KerasModels
import ModelGraph
import Platform
import WeightFiles

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
        ) { layers throws(FileError) -> OwnGraph in
            guard let document else {
                throw FileError(
                    .unsupported, path: path, "weights without a configuration: nothing tells what they are for",
                    remedy: "name a file that tells it with --config: a Keras JSON, a .keras, or a whole model in .h5")
            }
            let registry = KerasLayerRegistry(custom: layers + (try CustomLayer.builtIn()))
            let graph = try KerasGraph(
                document, generation: KerasDocument.generation(of: document), weights: weights, registry: registry,
                path: path)
            var places = graph.places
            places.ignored += ignored
            return OwnGraph(architecture: "keras-functional", graph: graph.graph, places: places, traits: .init())
        }
    }
}
