import HDF5
import JSON
import KerasModels
import ModelGraph
import Platform
import WeightFiles

/// HDF5 files with lists of names: what Keras 2 writes, and Keras 3 for `.h5`; weights alone or a whole model.
///
/// `layer_names` at the root, or in `model_weights` of a whole model; in each layer's group `weight_names`, a dataset
/// at `<layer>/<weight name>`.
enum KerasListed: Dialect {
    static let name = "keras2"

    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard let (path, file) = files.hdf5?.first, files.weights.count == 1, let root = weightsGroup(of: file)
        else { return remarks }
        let layers = try root.names(splitAttribute: "layer_names", in: path) ?? []
        let isListed = layers.contains { root.group(at: $0)?.hasNames(splitAttribute: "weight_names") == true }
        guard isListed else {
            remarks.add(-50, "no layer has weight_names")
            return remarks
        }
        remarks.add(50, "layer_names, and weight_names of each layer")
        remarks.add(
            20, if: root.attribute(named: "keras_version") != nil || file.root.attribute(named: "keras_version") != nil,
            "keras_version says who wrote it")
        if files.config.map(KerasDocument.isListed) ?? false {
            remarks.add(40, "the configuration lists layers")
        } else if let scope = try scope(of: layers, in: root, path) {
            remarks.add(-60, "weight names start with the scope \"\(scope.printable)\" of another library's models")
        }
        if let type = files.config?["model_type"]?.stringValue {
            remarks.add(-60, "config.json has the model_type \"\(type.printable)\"")
        }
        return remarks
    }

    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint {
        guard let (path, file) = files.hdf5?.first, let root = weightsGroup(of: file) else {
            throw FileError(.corrupt, path: files.folder.path, "has no lists of weights")
        }
        var layers: [ListedWeights.Layer] = []
        let prefix = root.path == "/" ? "" : root.path
        for name in try root.names(splitAttribute: "layer_names", in: path) ?? [] {
            layers.append(try layer(name, of: root, prefix: prefix, path))
        }
        var tensors = layers.flatMap(\.tensors)
        // Weights that the model itself owns stand in a group that the list does not name.
        let own = "top_level_model_weights"
        if root.group(at: own) != nil, !layers.contains(where: { $0.name == own }) {
            tensors += try layer(own, of: root, prefix: prefix, path).tensors
        }
        for dataset in file.datasets where dataset.path.hasPrefix("/optimizer_weights/") {
            let name = String(dataset.path.dropFirst())
            tensors.append(try StoredTensor(dataset, name: name, path: dataset.path, in: path))
        }
        return try .keras(
            files, dialect: name, tensors: TensorCatalog(tensors), weights: .listed(ListedWeights(layers: layers)),
            ignored: [.init(names: ["optimizer_weights/*"], reason: "the optimizer's state")])
    }

    /// The scope of Hugging Face's models that weight names start with; `nil`: none does.
    private static func scope(
        of layers: [String], in root: HDF5Group, _ path: String
    ) throws(FileError) -> String? {
        for layer in layers {
            guard let group = root.group(at: layer) else { continue }
            for weight in try group.names(splitAttribute: "weight_names", in: path) ?? [] {
                let parts = weight.split(separator: "/")
                if parts.count > 1, let first = parts.first, first.hasPrefix("tf") { return String(first) }
            }
        }
        return nil
    }

    private static func weightsGroup(of file: HDF5File) -> HDF5Group? {
        [file.root.group(at: "model_weights"), file.root].compactMap(\.self)
            .first { $0.hasNames(splitAttribute: "layer_names") }
    }

    private static func layer(
        _ name: String, of root: HDF5Group, prefix: String, _ path: String
    ) throws(FileError) -> ListedWeights.Layer {
        let group = try root.listedLayer(name, in: path)
        var tensors: [StoredTensor] = []
        for (weight, dataset) in try group.listedWeights(of: name, in: path) {
            tensors.append(
                try StoredTensor(
                    dataset, name: "\(name)/\(weight)", path: "\(prefix)/\(name)/\(weight)", in: path))
        }
        return ListedWeights.Layer(name: name, tensors: tensors)
    }
}
