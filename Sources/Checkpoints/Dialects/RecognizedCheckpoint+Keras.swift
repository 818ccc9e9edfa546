import ArchitectureSpecs
import KerasModels
import ModelGraph
import Platform
import WeightFiles

extension RecognizedCheckpoint {
    /// A checkpoint whose graph is that of a functional Keras model.
    ///
    /// - Parameter weights: How the variables are found; they are named as in `tensors`.
    static func keras(
        _ files: OpenFiles, dialect: String, tensors: TensorCatalog, weights: KerasGraph.Weights,
        ignored: [ParameterSources.Ignored]
    ) throws(FileError) -> RecognizedCheckpoint {
        let path = files.folder.path
        let document = files.config
        let isBeside = files.weights.allSatisfy { $0.config == nil }
        var read = files.weights.map(\.file)
        if let entry = files.folder.configEntry, files.folder.configFile != nil || isBeside {
            read.append(try files.folder.file(entry))
        }
        return RecognizedCheckpoint(
            folder: files.folder, dialect: dialect, vocabulary: "keras", config: document ?? .object([:]),
            tensors: tensors, files: read,
            assets: files.folder.assetEntries.filter { $0.name != "config.json" }.map { ($0.name, $0) }
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
            var sources = graph.parameterSources
            sources.ignored += ignored
            return OwnGraph(architecture: "keras-functional", graph: graph.graph, sources: sources, traits: .init())
        }
    }
}
