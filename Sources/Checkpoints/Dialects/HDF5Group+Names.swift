import HDF5
import Tensors

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
