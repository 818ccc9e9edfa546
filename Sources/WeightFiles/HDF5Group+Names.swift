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
    /// - Returns: `nil` when there is no such list.
    package func names(splitAttribute name: String, in path: String) throws(FileError) -> [String]? {
        guard hasNames(splitAttribute: name) else { return nil }
        var result: [String] = []
        func append(_ attribute: HDF5Attribute) throws(FileError) {
            guard let texts = attribute.texts else {
                throw FileError(
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

extension StoredTensor {
    /// A dataset under a common name.
    package init(_ dataset: HDF5Dataset, name: String, path: String, in entry: FileEntry) throws(FileError) {
        guard let shape = dataset.shape, let dtype = dataset.dtype else {
            throw FileError(
                .unsupported, path: entry.path,
                "\(path.printable) holds \(dataset.storedType.printable), which is no tensor")
        }
        self.init(
            name: name, file: entry.name, path: path, dtype: dtype, shape: shape, filters: dataset.filterNames,
            storedByteCount: dataset.storedByteCount, isComplete: !dataset.hasUnwrittenElements
        ) { () throws(FileError) -> Tensor in
            try dataset.tensor()
        }
    }
}
