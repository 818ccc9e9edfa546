import Platform
import Tensors

/// A tensor of a checkpoint: where it stands, what it holds, and how to read it.
package struct SourceTensor: Sendable {
    /// The dialect's common name, equal for all generations of writers: `bert/encoder/layer.0/output/dense/kernel`.
    package let name: String
    /// File name without folders.
    package let file: String
    /// The file's own name for it: an HDF5 path.
    package let path: String
    package let dtype: DType
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

/// All tensors of a checkpoint, found by name. One name may stand for several copies of a shared variable.
package struct TensorIndex: Sendable {
    /// In the checkpoint's own order.
    package let tensors: [SourceTensor]
    private let positions: [String: [Int]]

    package init(_ tensors: [SourceTensor]) {
        self.tensors = tensors
        positions = Dictionary(grouping: tensors.indices) { tensors[$0].name }
    }

    /// Names without repetition, in the checkpoint's order.
    package var names: [String] {
        tensors.indices.filter { positions[tensors[$0].name]?.first == $0 }.map { tensors[$0].name }
    }

    /// The tensor of a name: the first of its copies.
    package subscript(name: String) -> SourceTensor? { positions[name]?.first.map { tensors[$0] } }

    /// All copies of a name.
    package func copies(of name: String) -> [SourceTensor] { (positions[name] ?? []).map { tensors[$0] } }

    package func contains(_ name: String) -> Bool { positions[name] != nil }
}
