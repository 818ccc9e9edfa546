import Platform
import Tensors

/// A tensor in a file: where it is, what it holds, and how to read it.
///
/// Nothing is read before `read` is called.
package struct StoredTensor: Sendable {
    /// The dialect's common name, equal for all generations of writers: `bert/encoder/layer.0/output/dense/kernel`.
    package let name: String
    /// File name without folders.
    package let file: String
    /// The file's own name for it: an HDF5 path.
    package let path: String
    /// Type of the stored elements.
    package let dtype: DType
    /// Extents as stored.
    package let shape: Shape
    /// Names of the filters that its bytes went through; empty for none.
    package let filters: [String]
    /// Bytes in the file.
    package let storedByteCount: Int
    /// Whether all elements were written; otherwise some are fill values.
    package let isComplete: Bool
    /// Maps or decodes the contents.
    package let read: @Sendable () throws(FileError) -> Tensor

    package init(
        name: String, file: String, path: String, dtype: DType, shape: Shape, filters: [String] = [],
        storedByteCount: Int, isComplete: Bool = true, read: @escaping @Sendable () throws(FileError) -> Tensor
    ) {
        self.name = name
        self.file = file
        self.path = path
        self.dtype = dtype
        self.shape = shape
        self.filters = filters
        self.storedByteCount = storedByteCount
        self.isComplete = isComplete
        self.read = read
    }
}
