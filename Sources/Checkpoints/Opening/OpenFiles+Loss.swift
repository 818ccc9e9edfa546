import HDF5
import JSON
import Platform
import WeightFiles

extension OpenFiles {
    /// Whether a Keras model was trained with a loss of classes: what its last layer gives are logits then, though no
    /// activation says so.
    ///
    /// Where it stands: `compile_config` of a `.keras`, the attribute `training_config` of an `.h5`. A file without
    /// either says nothing.
    var isTrainedOnClasses: Bool {
        var losses = [config?["compile_config"]?["loss"]]
        for (path, file) in hdf5 ?? [] {
            guard let text = try? file.root.text(splitAttribute: "training_config", in: path) else { continue }
            let document = try? JSONValue(parsing: Array(text.utf8), file: path, limits: Document.limits)
            losses.append(document?["loss"])
        }
        return losses.compactMap(\.self).contains { loss in
            loss.texts.contains { $0.lowercased().replacing("_", with: "").contains("crossentropy") }
        }
    }
}

extension JSONValue {
    /// All texts of a value, those of its members included.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let values): values.flatMap(\.texts)
        case .object(let members): members.values.flatMap(\.texts)
        case .null, .bool, .integer, .number: []
        }
    }
}
