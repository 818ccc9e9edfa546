import HDF5
import Platform
import Tensors

extension HDF5Group {
    /// Whether there is a list of names, whole or split.
    package func hasNames(splitAttribute name: String) -> Bool {
        attribute(named: name) != nil || attribute(named: name + "0") != nil
    }

    /// A list of names that Keras splits into `name0`, `name1` … where it would not fit into one attribute.
    ///
    /// - Parameter file: Path of the file, for messages.
    /// - Returns: `nil` when there is no such list.
    /// - Throws: When the list is no text, or a name leads out of the group.
    package func names(splitAttribute name: String, in file: String) throws(FileError) -> [String]? {
        let names = try texts(splitAttribute: name, in: file)
        if let outside = names?.first(where: \.leavesItsGroup) {
            throw FileError(
                .corrupt, path: file,
                "\(name) of \(path.printable) lists \"\(outside.printable)\", which leads out of its layer",
                remedy: "use a file that stands alone")
        }
        return names
    }

    /// A text that was split like a list of names.
    ///
    /// - Returns: `nil` when there is none.
    package func text(splitAttribute name: String, in file: String) throws(FileError) -> String? {
        try texts(splitAttribute: name, in: file)?.joined()
    }

    private func texts(splitAttribute name: String, in file: String) throws(FileError) -> [String]? {
        guard hasNames(splitAttribute: name) else { return nil }
        var result: [String] = []
        func append(_ attribute: HDF5Attribute) throws(FileError) {
            guard let texts = attribute.texts else {
                throw FileError(
                    .corrupt, path: file, "attribute \(attribute.name) of \(path.printable) is no list of names")
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

    /// The group of a layer that `layer_names` lists.
    package func listedLayer(_ name: String, in file: String) throws(FileError) -> HDF5Group {
        guard let group = group(at: name) else {
            throw FileError(
                .corrupt, path: file, "layer_names lists \"\(name.printable)\", which is not in the file")
        }
        return group
    }

    /// The datasets that a layer's `weight_names` list, with their names there.
    ///
    /// - Parameter layer: Name of the layer whose group this is, for messages.
    package func listedWeights(
        of layer: String, in file: String
    ) throws(FileError) -> [(name: String, dataset: HDF5Dataset)] {
        var result: [(name: String, dataset: HDF5Dataset)] = []
        for name in try names(splitAttribute: "weight_names", in: file) ?? [] {
            guard let dataset = dataset(at: name) else {
                throw FileError(
                    .corrupt, path: file,
                    "weight_names of \"\(layer.printable)\" lists \"\(name.printable)\", which is not in the file")
            }
            result.append((name, dataset))
        }
        return result
    }
}

extension String {
    /// Whether a path relative to a group may lead out of it.
    fileprivate var leavesItsGroup: Bool {
        hasPrefix("/") || split(separator: "/").contains { $0 == "." || $0 == ".." }
    }
}
