import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Hugging Face's PyTorch checkpoints in safetensors files: `model.safetensors`, or shards with
/// `model.safetensors.index.json`, beside `config.json`.
///
/// Names are PyTorch's; matrices of linear layers are `[out, in]`.
package enum Safetensors: Dialect {
    static let name = "safetensors"

    static func remarks(on contents: CheckpointContents) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard !contents.weights.isEmpty, contents.weights.allSatisfy({ $0.safetensors != nil }) else { return remarks }
        remarks.add(60, "the weights are safetensors files")
        if let type = contents.config?["model_type"]?.stringValue {
            remarks.add(20, "config.json has the model_type \"\(type.printable)\"")
        }
        return remarks
    }

    static func open(_ contents: CheckpointContents) throws(FileError) -> CheckpointSource {
        guard let config = contents.config, let configEntry = contents.files.configEntry else {
            throw FileError(
                .unsupported, path: contents.files.path,
                "safetensors without config.json: nothing tells the model's dimensions",
                remedy: "put the model's config.json beside the weights")
        }
        var tensors: [SourceTensor] = []
        for weight in contents.weights { tensors += try weight.safetensorsTensors() }
        return CheckpointSource(
            dialect: name, vocabulary: "hf", config: config, tensors: TensorIndex(tensors),
            files: contents.weights.map(\.entry) + [configEntry],
            assets: contents.files.assetEntries.map { ($0.name, $0) },
            ignored: [
                .init(names: ["*position_ids"], reason: "position numbers, which the framework makes itself"),
                .init(names: ["*.attn.bias", "*.attn.masked_bias"], reason: "the causal mask, which is no weight"),
                .init(names: ["*rotary_emb.inv_freq"], reason: "rotary frequencies, which the configuration gives"),
            ])
    }
}

extension WeightsFile {
    /// The tensors of a safetensors file under their own names; of another file none.
    func safetensorsTensors() throws(FileError) -> [SourceTensor] {
        guard let file = safetensors else { return [] }
        var result: [SourceTensor] = []
        for tensor in file.entries {
            guard let dtype = tensor.dtype else {
                throw FileError(
                    .unsupported, path: entry.path,
                    "\(tensor.name.printable) holds \(tensor.type), which is not handled")
            }
            result.append(
                SourceTensor(
                    name: tensor.name, file: entry.name, path: tensor.name, dtype: dtype, shape: tensor.shape,
                    storedByteCount: tensor.bytes.count
                ) { () throws(FileError) -> Tensor in
                    guard let result = file.tensor(tensor) else {
                        throw FileError(.corrupt, path: entry.path, "\(tensor.name.printable) cannot be read")
                    }
                    return result
                })
        }
        return result
    }
}
