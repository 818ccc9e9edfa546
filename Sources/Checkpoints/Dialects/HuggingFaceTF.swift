import HDF5
import JSON
import ModelGraph
import Platform
import WeightFiles

/// Hugging Face's TensorFlow checkpoints: `tf_model.h5`, in one file or in shards, of every generation of names.
///
/// Whole files are Keras 2 weights: `layer_names`, in each layer's group `weight_names`, a dataset at
/// `/<layer>/<weight name>`. A weight's name starts with the model's variable scope (`tf_bert_model`, its spelling
/// depends on the release, and a second instance in one process appends `_1`). Shards have neither scope nor
/// `weight_names`: their `layer_names` are the weights' names.
package enum HuggingFaceTF: Dialect {
    static let name = "hf-tf"

    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard let containers = files.hdf5 else { return remarks }
        var scopes: [String] = []
        var areListed = true
        var areWhole = false
        for (path, file) in containers {
            guard let layers = try file.root.names(splitAttribute: "layer_names", in: path) else {
                areListed = false
                continue
            }
            for layer in layers {
                guard let group = file.root.group(at: layer), group.hasNames(splitAttribute: "weight_names") else {
                    continue
                }
                areWhole = true
                let weights = try group.names(splitAttribute: "weight_names", in: path) ?? []
                scopes += weights.compactMap { $0.split(separator: "/").first.map(String.init) }
            }
        }
        guard areListed, !containers.isEmpty else {
            remarks.add(-50, "a root has no layer_names")
            return remarks
        }
        remarks.add(20, "every root has layer_names")
        if !areWhole {
            let isSharded = files.config?["model_type"]?.stringValue != nil
            remarks.add(
                40, if: isSharded, "layer_names are whole weight names, and config.json has a model_type (shards)")
        } else if let scope = scopes.first(where: { $0.hasPrefix("tf") }) {
            remarks.add(40, "weight names start with the scope \"\(scope.printable)\"")
        } else {
            remarks.add(-20, "no weight name starts with a tf… scope")
        }
        if let type = files.config?["model_type"]?.stringValue {
            remarks.add(20, "config.json has the model_type \"\(type.printable)\"")
        }
        return remarks
    }

    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint {
        var tensors: [StoredTensor] = []
        for (path, file) in files.hdf5 ?? [] {
            let layers = try file.root.names(splitAttribute: "layer_names", in: path) ?? []
            let isWhole = layers.contains {
                file.root.group(at: $0)?.hasNames(splitAttribute: "weight_names") == true
            }
            tensors +=
                isWhole ? try wholeFile(file, path, layers) : try shard(file, path, weights: layers)
        }
        guard let config = files.config, let configEntry = files.folder.configEntry else {
            throw FileError(
                .unsupported, path: files.folder.path,
                "a Hugging Face checkpoint without config.json: nothing tells its dimensions",
                remedy: "put the model's config.json beside the weights")
        }
        return RecognizedCheckpoint(
            folder: files.folder, dialect: name, vocabulary: "hf", config: config, tensors: TensorCatalog(tensors),
            files: files.weights.map(\.file) + [try files.folder.file(configEntry)],
            assets: files.folder.assetEntries.map { ($0.name, $0) })
    }

    private static func wholeFile(
        _ file: HDF5File, _ path: String, _ layers: [String]
    ) throws(FileError) -> [StoredTensor] {
        var result: [StoredTensor] = []
        // Weights that the model itself owns stand in a group that `layer_names` does not list.
        let own = "top_level_model_weights"
        for layer in layers + (layers.contains(own) ? [] : [own]) {
            if layer == own, file.root.group(at: own) == nil { continue }
            let group = try file.root.listedLayer(layer, in: path)
            for (weight, dataset) in try group.listedWeights(of: layer, in: path) {
                let parts = weight.split(separator: "/")
                let isScoped = parts.count > 1 && parts.first?.hasPrefix("tf") == true
                let name = commonName(isScoped ? parts.dropFirst() : parts[...])
                result.append(try StoredTensor(dataset, name: name, path: "/\(layer)/\(weight)", in: path))
            }
        }
        return result
    }

    private static func shard(
        _ file: HDF5File, _ path: String, weights: [String]
    ) throws(FileError) -> [StoredTensor] {
        var result: [StoredTensor] = []
        for weight in weights {
            guard let dataset = file.root.dataset(at: weight) else {
                // A layer without weights is an empty group.
                if file.root.group(at: weight) != nil { continue }
                throw FileError(
                    .corrupt, path: path, "layer_names lists \"\(weight.printable)\", which is not in the file")
            }
            let name = commonName(weight.split(separator: "/")[...])
            result.append(try StoredTensor(dataset, name: name, path: "/" + weight, in: path))
        }
        return result
    }

    /// A weight's name without what differs between writers: `layer_._0` is `layer.0`, `mlm___cls` is `cls` (the part
    /// before `___` is TensorFlow's own), the variable's `:0` goes.
    package static func commonName(_ parts: ArraySlice<Substring>) -> String {
        parts.map { part in
            var name = String(part)
            if let separator = name.range(of: "___") { name = String(name[separator.upperBound...]) }
            if let separator = name.range(of: "_._") { name.replaceSubrange(separator, with: ".") }
            if name.hasSuffix(":0") { name.removeLast(2) }
            return name
        }.joined(separator: "/")
    }
}

extension String {
    /// Where a text first stands.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        firstRange(of: text)
    }
}
