import ArchitectureSpecs
import KerasModels
import ModelGraph
import Platform
import WeightFiles

extension CheckpointFolder {
    /// What the model's owner has noted beside the weights about classes whose code no file holds.
    fileprivate func statedAssumptions() throws(FileError) -> [String: String] {
        guard exists(LayerClaims.statementName) else { return [:] }
        let entry = entry(LayerClaims.statementName)
        let members = try document(entry).objectValue ?? [:]
        var result: [String: String] = [:]
        for (key, value) in members {
            guard
                let word = value.stringValue ?? value.doubleValue.map({ value.intValue.map(String.init) ?? "\($0)" })
                    ?? value.boolValue.map({ "\($0)" })
            else { throw FileError(.usage, path: entry.path, "\(key.printable) is no word, number or flag") }
            result[key] = word
        }
        return result
    }
}

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
        let isTrainedOnClasses = files.isTrainedOnClasses
        return RecognizedCheckpoint(
            folder: files.folder, dialect: dialect, vocabulary: "keras", config: document ?? .object([:]),
            tensors: tensors, files: read,
            assets: files.folder.assetEntries.filter { $0.name != "config.json" }.map { ($0.name, $0) }
        ) { claims throws(FileError) -> OwnGraphs in
            guard let document else {
                throw FileError(
                    .unsupported, path: path, "weights without a configuration: nothing tells what they are for",
                    remedy: "name a file that tells it with --config: a Keras JSON, a .keras, or a whole model in .h5")
            }
            let readings = try KerasReadings(
                document, generation: KerasDocument.generation(of: document), weights: weights, owners: claims.layers,
                stated: claims.readsStatement ? try files.folder.statedAssumptions() : [:],
                assumptions: claims.assumptions, path: path)
            return OwnGraphs(readings: readings, ignored: ignored, isTrainedOnClasses: isTrainedOnClasses)
        }
    }
}
