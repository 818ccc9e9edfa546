import HDF5
import JSON
import ModelGraph
import Platform
import WeightFiles

/// KerasHub presets: `config.json` with a backbone's class and arguments, its weights in Keras 3's layout
/// (`model.weights.h5`, or shards with `model.weights.json`), and where it was saved as a task `task.json` with
/// `task.weights.h5` for the head.
///
/// Variables are addressed by the layers' Python attributes: `/layers/transformer_encoder_1/_self_attention_layer/
/// query_dense/vars/0`. A layer of the model is named by its class and counted per class.
package enum KerasHub: Dialect {
    static let name = "kerashub"
    /// A task's weights beyond those of its backbone, and what stands before their names: both count layers from one.
    static let headWeights = "task.weights.h5"
    static let headPrefix = "task/"

    private static let tokenizerAssets = ["vocabulary.txt", "vocabulary.json", "merges.txt", "vocabulary.spm"]
    private static let presetAssets = ["config.json", "task.json", "tokenizer.json", "preprocessor.json"]

    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard let containers = files.hdf5 else { return remarks }
        let isKeras3 = containers.allSatisfy { $0.file.root.group(at: "layers") != nil }
        remarks.add(
            30, if: isKeras3, "every root has a group \"layers\"",
            otherwise: (-50, "a root has no group \"layers\""))
        guard let config = files.config else { return remarks }
        if let name = backboneName(config) {
            remarks.add(70, "the configuration is of KerasHub's \(name.printable)")
        } else {
            remarks.add(-50, "the configuration is of no KerasHub class")
        }
        return remarks
    }

    /// Class of a preset's configuration, with its package: `keras_hub>BertBackbone`.
    private static func backboneName(_ config: JSONValue) -> String? {
        let packages = ["keras_hub", "keras_nlp"]
        if let name = config["registered_name"]?.stringValue, packages.contains(where: { name.hasPrefix($0 + ">") }) {
            return name
        }
        guard let module = config["module"]?.stringValue, packages.contains(where: { module.hasPrefix($0 + ".") })
        else {
            return nil
        }
        return config["class_name"]?.stringValue
    }

    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint {
        let folder = files.folder
        guard case .object(var config)? = files.config, let configEntry = folder.configEntry else {
            throw FileError(.corrupt, path: folder.path, "a preset without its configuration")
        }
        var tensors: [StoredTensor] = []
        var read = files.weights.map(\.file)
        for (path, file) in files.hdf5 ?? [] { tensors += try self.tensors(file, path, prefix: "") }
        read.append(try folder.file(configEntry))
        // A named file is the backbone alone: the head belongs to the preset as a whole.
        if folder.file == nil, folder.exists("task.json") {
            let taskEntry = folder.entry("task.json")
            config["task"] = try folder.document(taskEntry)
            read.append(try folder.file(taskEntry))
            if folder.exists(headWeights) {
                // The head's layers are counted on their own: its first dense layer is "dense" again.
                let weights = try folder.container(folder.entry(headWeights))
                if let file = weights.hdf5 {
                    tensors += try self.tensors(file, weights.file.path, prefix: headPrefix)
                }
                read.append(weights.file)
            }
        }
        return RecognizedCheckpoint(
            folder: folder, dialect: name, vocabulary: name, config: .object(config), tensors: TensorCatalog(tensors),
            files: read,
            assets: assets(of: folder),
            ignored: [
                .init(names: ["*optimizer/*"], reason: "the optimizer's state"),
                .init(names: ["*seed_generator/*"], reason: "the state of a random generator"),
            ])
    }

    private static func assets(of folder: CheckpointFolder) -> [(name: String, entry: FileEntry)] {
        let inner = "assets/tokenizer"
        return presetAssets.filter(folder.exists).map { ($0, folder.entry($0)) }
            + tokenizerAssets.filter { folder.exists("\(inner)/\($0)") }.map { ($0, folder.entry("\(inner)/\($0)")) }
    }

    private static func tensors(
        _ file: HDF5File, _ path: String, prefix: String
    ) throws(FileError) -> [StoredTensor] {
        var result: [StoredTensor] = []
        for dataset in file.datasets {
            result.append(
                try StoredTensor(dataset, name: prefix + commonName(dataset.path), path: dataset.path, in: path))
        }
        return result
    }

    /// A variable's name without what differs between writers: `/layers/transformer_encoder_1/_self_attention_layer/
    /// query_dense/vars/0` is `transformer_encoder.1/self_attention_layer/query_dense/0`.
    ///
    /// Members of a list of layers are counted from 0, the first of which Keras leaves without a number; attributes
    /// that end in a number (`dense_1`) are no such members. Leading underscores come and go between releases.
    package static func commonName(_ path: String) -> String {
        var result: [String] = []
        var isMember = false
        for (position, part) in path.split(separator: "/").enumerated() {
            let name = String(part.drop { $0 == "_" })
            defer { isMember = name.hasSuffix("layers") }
            if part == "vars" || (position == 0 && part == "layers") { continue }
            result.append(isMember ? counted(name) : name)
        }
        return result.joined(separator: "/")
    }

    /// `dense` → `dense.0`, `dense_2` → `dense.2`.
    private static func counted(_ name: String) -> String {
        guard let underscore = name.lastIndex(of: "_") else { return name + ".0" }
        let digits = name[name.index(after: underscore)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return name + ".0" }
        return "\(name[..<underscore]).\(digits)"
    }
}
