import HDF5
import Platform
import Tensors

extension StoredTensor {
    /// A dataset.
    ///
    /// - Parameters:
    ///   - name: The name that it goes by.
    ///   - path: Its path in the file.
    ///   - file: Path of the file.
    /// - Throws: When it holds no numbers.
    package init(_ dataset: HDF5Dataset, name: String, path: String, in file: String) throws(FileError) {
        guard let shape = dataset.shape, let dtype = dataset.dtype else {
            throw FileError(
                .unsupported, path: file, "\(path.printable) holds \(dataset.storedType.printable), which is no tensor")
        }
        self.init(
            name: name, file: FileEntry(path: file).name, path: path, dtype: dtype, shape: shape,
            filters: dataset.filterNames, storedByteCount: dataset.storedByteCount,
            isComplete: !dataset.hasUnwrittenElements
        ) { () throws(FileError) -> Tensor in
            try dataset.tensor()
        }
    }

    /// A tensor of a safetensors file; `nil` for a type that is not handled.
    package init?(_ entry: SafetensorsFile.Entry, of file: SafetensorsFile, name: String) {
        guard let dtype = entry.dtype else { return nil }
        self.init(
            name: name, file: FileEntry(path: file.path).name, path: entry.name, dtype: dtype, shape: entry.shape,
            storedByteCount: entry.bytes.count
        ) { () throws(FileError) -> Tensor in
            guard let tensor = file.tensor(entry) else {
                throw FileError(.corrupt, path: file.path, "\(entry.name.printable) cannot be read")
            }
            return tensor
        }
    }
}
