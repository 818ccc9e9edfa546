import HDF5
import JSON
import KerasModels
import ModelGraph
import Platform
import WeightFiles

/// HDF5 files with the program's objects and their numbered variables: `.weights.h5` since Keras 2.13, in one file or
/// in shards, and the weights inside `.keras`.
enum KerasObjects: Dialect {
    static let name = "keras3"

    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks {
        var remarks = Remarks()
        guard let containers = files.hdf5, !containers.isEmpty else {
            // An archive that lost its weights still says what it is.
            remarks.add(60, if: files.weights.contains { $0.config != nil }, "an archive with a configuration")
            return remarks
        }
        let areNumbered = containers.allSatisfy { _, file in
            file.root.attribute(named: "layer_names") == nil && file.datasets.contains { isVariable($0.path) }
        }
        remarks.add(60, if: areNumbered, "numbered variables of objects", otherwise: (-50, "no numbered variables"))
        guard let config = files.config else { return remarks }
        remarks.add(20, if: KerasDocument.isModel(config), "the configuration is that of a Keras model")
        remarks.add(20, if: KerasDocument.isListed(config), "the configuration lists layers")
        let claim = config["registered_name"]?.stringValue ?? config["module"]?.stringValue ?? ""
        remarks.add(
            -60, if: claim.hasPrefix("keras_hub") || claim.hasPrefix("keras_nlp"), "the configuration is KerasHub's")
        return remarks
    }

    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint {
        guard let containers = files.hdf5, !containers.isEmpty else {
            throw FileError(.corrupt, path: files.folder.path, "the archive has no weights")
        }
        var tensors: [StoredTensor] = []
        var names: [String: String] = [:]
        for (path, file) in containers {
            for dataset in file.datasets {
                let name = commonName(dataset.path)
                tensors.append(try StoredTensor(dataset, name: name, path: dataset.path, in: path))
            }
            collectNames(of: file.root, &names)
        }
        let catalog = TensorCatalog(tensors)
        // A variable that two shards hold counts once.
        let distinct = catalog.names.compactMap { catalog[$0] }
        return try .keras(
            files, dialect: name, tensors: catalog, weights: .objects(ObjectWeights(distinct, names: names)),
            ignored: [
                .init(names: ["optimizer/*"], reason: "the optimizer's state"),
                .init(names: ["metrics/*", "_metrics/*"], reason: "the state of metrics"),
                .init(names: ["*seed_generator/*"], reason: "the state of a random generator"),
            ])
    }

    /// A dataset's path without the leading slash; on Windows some releases wrote whole paths into one name.
    private static func commonName(_ path: String) -> String {
        path.map { $0 == "\\" ? "/" : $0 }.split(separator: "/").map { String($0) }.joined(separator: "/")
    }

    private static func isVariable(_ path: String) -> Bool {
        let parts = commonName(path).split(separator: "/")
        return parts.count >= 2 && parts[parts.count - 2] == "vars" && Int(parts[parts.count - 1]) != nil
    }

    /// Layers' own names, which releases since 3.6 note beside their variables.
    private static func collectNames(of root: HDF5Group, _ names: inout [String: String]) {
        var pending = [root]
        var seen: Set<String> = [root.path]
        while let group = pending.popLast() {
            let path = commonName(group.path)
            if path == "vars" || path.hasSuffix("/vars"), let name = group.attribute(named: "name")?.text {
                names[path == "vars" ? "" : String(path.dropLast(5))] = name
            }
            for (_, child) in group.groups where seen.insert(child.path).inserted { pending.append(child) }
        }
    }
}
