import JSON
import ModelGraph
import Platform
import WeightFiles

/// Hugging Face's PyTorch checkpoints in safetensors files: `model.safetensors`, or shards with
/// `model.safetensors.index.json`, beside `config.json`.
///
/// Names are PyTorch's; matrices of linear layers are `[out, in]`.
package enum Safetensors: Dialect {
    static let name = "safetensors"

    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard !files.weights.isEmpty, files.weights.allSatisfy({ $0.safetensors != nil }) else { return remarks }
        remarks.add(60, "the weights are safetensors files")
        if let type = files.config?["model_type"]?.stringValue {
            remarks.add(20, "config.json has the model_type \"\(type.printable)\"")
        }
        return remarks
    }

    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint {
        guard let config = files.config, let configEntry = files.folder.configEntry else {
            throw FileError(
                .unsupported, path: files.folder.path,
                "safetensors without config.json: nothing tells the model's dimensions",
                remedy: "put the model's config.json beside the weights")
        }
        var tensors: [StoredTensor] = []
        for weight in files.weights { tensors += try weight.safetensorsTensors() }
        return RecognizedCheckpoint(
            folder: files.folder, dialect: name, vocabulary: "hf", config: config, tensors: TensorCatalog(tensors),
            files: files.weights.map(\.file) + [try files.folder.file(configEntry)],
            assets: files.folder.assetEntries.map { ($0.name, $0) },
            ignored: [
                .init(names: ["*position_ids"], reason: "position numbers, which the framework makes itself"),
                .init(names: ["*.attn.bias", "*.attn.masked_bias"], reason: "the causal mask, which is no weight"),
                .init(names: ["*rotary_emb.inv_freq"], reason: "rotary frequencies, which the configuration gives"),
            ])
    }
}

extension String {
    /// The name with a norm's `gamma` and `beta`, as files converted from TensorFlow have them, called `weight` and
    /// `bias`.
    fileprivate var withNewNormNames: String {
        let parts = split(separator: ".", omittingEmptySubsequences: false)
        guard let last = parts.last, let new = ["gamma": "weight", "beta": "bias"][last], parts.count > 1,
            parts[parts.count - 2].lowercased().contains("norm")
        else { return self }
        return (parts.dropLast().map(String.init) + [new]).joined(separator: ".")
    }
}

extension WeightContainer {
    /// The tensors of a safetensors file under their common names, or under those after a prefix; of another file none.
    func safetensorsTensors(prefix: String = "") throws(FileError) -> [StoredTensor] {
        guard let safetensors else { return [] }
        var result: [StoredTensor] = []
        for entry in safetensors.entries {
            guard let tensor = StoredTensor(entry, of: safetensors, name: prefix + entry.name.withNewNormNames) else {
                throw FileError(
                    .unsupported, path: file.path, "\(entry.name.printable) holds \(entry.type), which is not handled")
            }
            result.append(tensor)
        }
        return result
    }
}
