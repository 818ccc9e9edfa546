import HDF5
import JSON
import ModelGraph
import Platform
import WeightFiles

/// Hugging Face's TensorFlow models saved by `save_weights("….weights.h5")`: a tree of the program's objects with
/// numbered variables, beside the family's own `config.json`.
///
/// Objects go by their attributes and lists by the classes of their members; both become the names that `tf_model.h5`
/// has, and everything behind is that dialect's.
enum HuggingFaceTFObjects: Dialect {
    static let name = "hf-tf-objects"

    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard let containers = files.hdf5, files.config?["model_type"]?.stringValue != nil else { return remarks }
        let isFamily = containers.contains { _, file in
            file.datasets.contains { commonName(of: $0.path.split(separator: "/")) != nil }
        }
        remarks.add(
            90, if: isFamily, "numbered variables of a tf_…_main_layer, and config.json has a model_type",
            otherwise: (-50, "no object is a tf_…_main_layer"))
        return remarks
    }

    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint {
        guard let config = files.config, let configEntry = files.folder.configEntry else {
            throw FileError(
                .unsupported, path: files.folder.path, "weights without config.json: nothing tells their dimensions",
                remedy: "put the model's config.json beside the weights")
        }
        var counts: [String: Int] = [:]
        for (_, file) in files.hdf5 ?? [] {
            for dataset in file.datasets { counts[owner(of: dataset.path), default: 0] += 1 }
        }
        var tensors: [StoredTensor] = []
        for (path, file) in files.hdf5 ?? [] {
            for dataset in file.datasets {
                let parts = dataset.path.split(separator: "/")
                var name = parts.joined(separator: "/")
                if let owner = commonName(of: parts), let number = parts.last.flatMap({ Int($0) }) {
                    let variables = variableNames(of: owner, count: counts[Self.owner(of: dataset.path)] ?? 1)
                    if variables.indices.contains(number) { name = "\(owner)/\(variables[number])" }
                }
                tensors.append(try StoredTensor(dataset, name: name, path: dataset.path, in: path))
            }
        }
        return RecognizedCheckpoint(
            folder: files.folder, dialect: HuggingFaceTF.name, vocabulary: "hf", config: config,
            tensors: TensorCatalog(tensors),
            files: files.weights.map(\.file) + [try files.folder.file(configEntry)],
            assets: files.folder.assetEntries.map { ($0.name, $0) },
            ignored: [.init(names: ["*seed_generator/*"], reason: "the state of a random generator")])
    }

    private static func owner(of path: String) -> String {
        path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// An object's path as `tf_model.h5` spells it; `nil` for what is no part of a family's main layer.
    private static func commonName(of parts: [Substring]) -> String? {
        guard parts.count > 3, parts[parts.count - 2] == "vars", Int(parts[parts.count - 1]) != nil,
            let start = parts.firstIndex(where: { $0.hasPrefix("tf_") && $0.contains("_main_layer") })
        else { return nil }
        let main = parts[start].split(separator: "_").dropFirst().prefix { $0 != "main" }.joined()
        var result = [main]
        for part in parts[(start + 1)...].dropLast(2) {
            if part.hasPrefix("tf_"), let list = result.last, list.hasPrefix("layer") || list.hasSuffix("layers") {
                let number = part.split(separator: "_").last.flatMap { Int($0) } ?? 0
                result[result.count - 1] = "\(list).\(number)"
            } else {
                result.append(attributes[String(part)] ?? String(part))
            }
        }
        return result.joined(separator: "/")
    }

    /// Attributes whose layers have another name.
    private static let attributes = ["self_attention": "self", "dense_output": "output", "bert_output": "output"]

    /// Names of an object's variables in the order of creation.
    private static func variableNames(of owner: String, count: Int) -> [String] {
        let last = owner.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if last == "embeddings" {
            let types = count > 2 ? ["token_type_embeddings/embeddings"] : []
            return ["word_embeddings/weight"] + types + ["position_embeddings/embeddings"]
        }
        return last.hasSuffix("norm") ? ["gamma", "beta"] : ["kernel", "bias"]
    }
}
