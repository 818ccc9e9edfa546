import HDF5
import ModelGraph
import Tensors

/// Hugging Face's TensorFlow checkpoints: `tf_model.h5`, in one file or in shards, of every generation of names.
///
/// Whole files are Keras 2 weights: `layer_names`, in each layer's group `weight_names`, a dataset at
/// `/<layer>/<weight name>`. A weight's name starts with the model's variable scope (`tf_bert_model`, its spelling
/// depends on the release, and a second instance in one process appends `_1`). Shards have neither scope nor
/// `weight_names`: their `layer_names` are the weights' names.
package enum HuggingFaceTF: Dialect {
    static let name = "hf-tf"

    static func open(_ files: CheckpointFiles) throws(CheckpointError) -> CheckpointSource? {
        var tensors: [SourceTensor] = []
        var isScoped = false
        var isSharded = false
        let opened = try files.openWeights()
        for (entry, file) in opened {
            guard let layers = try file.root.names(splitAttribute: "layer_names", in: entry.path) else { return nil }
            if layers.contains(where: { file.root.group(at: $0)?.hasNames(splitAttribute: "weight_names") == true }) {
                isScoped = true
                tensors += try wholeFile(file, entry, layers)
            } else {
                isSharded = true
                tensors += try shard(file, entry, weights: layers)
            }
        }
        let hasScope = tensors.contains { $0.path.scopeComponent?.hasPrefix("tf") == true }
        guard !tensors.isEmpty, isSharded || hasScope else { return nil }
        guard let config = try files.config() else {
            throw CheckpointError(
                .unsupported, path: files.path,
                "a Hugging Face checkpoint without config.json: nothing tells its dimensions",
                remedy: "put the model's config.json beside the weights")
        }
        let reason =
            isScoped
            ? "layer_names, and weight names under a tf… scope" : "layer_names that are whole weight names (shards)"
        return CheckpointSource(
            dialect: name, reasons: [reason], vocabulary: "hf", config: config, tensors: TensorIndex(tensors),
            weightFiles: opened.map(\.entry))
    }

    private static func wholeFile(
        _ file: HDF5File, _ entry: FileEntry, _ layers: [String]
    ) throws(CheckpointError) -> [SourceTensor] {
        var result: [SourceTensor] = []
        // Weights that the model itself owns stand in a group that `layer_names` does not list.
        let own = "top_level_model_weights"
        for layer in layers + (layers.contains(own) ? [] : [own]) {
            guard let group = file.root.group(at: layer) else {
                if layer == own { continue }
                throw CheckpointError(
                    .corrupt, path: entry.path, "layer_names lists \"\(layer.printable)\", which is not in the file")
            }
            for weight in try group.names(splitAttribute: "weight_names", in: entry.path) ?? [] {
                guard let dataset = group.dataset(at: weight) else {
                    throw CheckpointError(
                        .corrupt, path: entry.path,
                        "weight_names of \"\(layer.printable)\" lists \"\(weight.printable)\", which is not in the file"
                    )
                }
                let parts = weight.split(separator: "/")
                let isScoped = parts.count > 1 && parts.first?.hasPrefix("tf") == true
                let name = commonName(isScoped ? parts.dropFirst() : parts[...])
                result.append(try SourceTensor(dataset, name: name, path: "/\(layer)/\(weight)", in: entry))
            }
        }
        return result
    }

    private static func shard(
        _ file: HDF5File, _ entry: FileEntry, weights: [String]
    ) throws(CheckpointError) -> [SourceTensor] {
        var result: [SourceTensor] = []
        for weight in weights {
            guard let dataset = file.root.dataset(at: weight) else {
                // A layer without weights is an empty group.
                if file.root.group(at: weight) != nil { continue }
                throw CheckpointError(
                    .corrupt, path: entry.path, "layer_names lists \"\(weight.printable)\", which is not in the file")
            }
            let name = commonName(weight.split(separator: "/")[...])
            result.append(try SourceTensor(dataset, name: name, path: "/" + weight, in: entry))
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
    /// Second part of an HDF5 path: the model's scope in a Keras weights file.
    fileprivate var scopeComponent: Substring? {
        let parts = split(separator: "/", maxSplits: 3)
        return parts.count > 2 ? parts[1] : nil
    }

    /// The first place of a text.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        firstRange(of: text)
    }
}

extension HDF5Group {
    /// Whether there is a list of names, whole or split.
    func hasNames(splitAttribute name: String) -> Bool {
        attribute(named: name) != nil || attribute(named: name + "0") != nil
    }

    /// A list of names that Keras splits into `name0`, `name1` … where it would not fit into one attribute.
    ///
    /// - Returns: `nil` when there is no such list.
    func names(splitAttribute name: String, in path: String) throws(CheckpointError) -> [String]? {
        guard hasNames(splitAttribute: name) else { return nil }
        var result: [String] = []
        func append(_ attribute: HDF5Attribute) throws(CheckpointError) {
            guard let texts = attribute.texts else {
                throw CheckpointError(
                    .corrupt, path: path, "attribute \(attribute.name) of \(self.path.printable) is no list of names")
            }
            result += texts
        }
        if let whole = attribute(named: name) { try append(whole) }
        var number = 0
        while let part = attribute(named: "\(name)\(number)") {
            try append(part)
            number += 1
        }
        return result
    }
}

extension SourceTensor {
    /// A dataset under a common name.
    init(_ dataset: HDF5Dataset, name: String, path: String, in entry: FileEntry) throws(CheckpointError) {
        guard let shape = dataset.shape, let dtype = dataset.dtype else {
            throw CheckpointError(
                .unsupported, path: entry.path,
                "\(path.printable) holds \(dataset.storedType.printable), which is no tensor")
        }
        self.init(
            name: name, file: entry.name, path: path, dtype: dtype, shape: shape, filters: dataset.filterNames,
            storedByteCount: dataset.storedByteCount, isComplete: !dataset.hasUnwrittenElements
        ) { () throws(CheckpointError) -> Tensor in
            try CheckpointError.mapping { () throws(HDF5Error) in try dataset.tensor() }
        }
    }
}
