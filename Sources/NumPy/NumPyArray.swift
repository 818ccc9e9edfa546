import Files
import Platform
import Tensors

/// Reads and writes `.npy` files: one array each.
package enum NumPyArray {
    /// Reads an array of booleans, integers or floating-point numbers, of either byte order and order of axes.
    ///
    /// - Throws: `FileError`.
    package static func read(path: String) throws(FileError) -> Tensor {
        let file = try MappedFile(path: path)
        return try file.withUnsafeBytes { (bytes) throws(FileError) in
            try decode(bytes, path: path, array: nil)
        }
    }

    /// Writes a tensor; bfloat16, which NumPy does not have, becomes float32.
    package static func write(_ tensor: Tensor, to path: String) throws(FileError) {
        var output = try FileOutput(path: path)
        let tensor = tensor.dtype == .bfloat16 ? tensor.float32() : tensor
        try output.write(NumPyHeader(dtype: tensor.dtype, shape: tensor.shape).encoded())
        try output.write(contentsOf: tensor)
        try output.close()
    }

    /// The array in the bytes of a whole `.npy` file.
    static func decode(_ bytes: UnsafeRawBufferPointer, path: String, array: String?) throws(FileError) -> Tensor {
        let header: NumPyHeader, start: Int
        do throws(NumPyHeader.Failure) {
            (header, start) = try NumPyHeader.parse(bytes)
        } catch {
            throw FileError(error.kind, path: path, array: array, error.reason)
        }
        let size = header.dtype.byteCount
        // `Shape(checking:)` has made sure that this does not overflow.
        let byteCount = header.shape.count * size
        guard bytes.count - start == byteCount else {
            throw FileError(
                .corrupt, path: path, array: array,
                "\(bytes.count - start) bytes for shape \(header.shape) of \(header.dtype), which takes \(byteCount)")
        }
        let source = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let storage = TensorStorage(byteCount: byteCount) { target in
            if header.isFortranOrder, header.shape.rank > 1 {
                reorder(source, into: target, header.shape, elementSize: size)
            } else {
                target.copyMemory(from: source)
            }
            if header.isBigEndian {
                for element in stride(from: 0, to: byteCount, by: size) {
                    for index in 0..<(size / 2) { target.swapAt(element + index, element + size - 1 - index) }
                }
            }
            if header.dtype == .bool { for index in target.indices where target[index] > 1 { target[index] = 1 } }
        }
        guard let tensor = Tensor(dtype: header.dtype, shape: header.shape, storage: storage) else {
            throw FileError(.corrupt, path: path, array: array, "its size and shape \(header.shape) do not agree")
        }
        return tensor
    }

    /// From the first axis fastest to the last axis fastest.
    private static func reorder(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, _ shape: Shape, elementSize: Int
    ) {
        var index = [Int](repeating: 0, count: shape.rank)
        var strides = [Int](repeating: elementSize, count: shape.rank)
        for axis in 1..<shape.rank { strides[axis] = strides[axis - 1] * shape[axis - 1] }
        for element in 0..<shape.count {
            let from = zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
            for byte in 0..<elementSize { target[element * elementSize + byte] = source[from + byte] }
            var axis = shape.rank - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
                axis -= 1
            }
        }
    }
}

/// Writes a `.npy` file of rows whose number is not known beforehand.
///
///     var rows = try NumPyRowWriter(path: path, dtype: .float32, rowShape: [384])
///     for batch in batches { try rows.append(batch) }
///     try rows.close()
package struct NumPyRowWriter: ~Copyable {
    private var output: FileOutput
    private let dtype: DType
    private let rowShape: Shape
    private var count = 0

    /// Creates the file, or empties it.
    ///
    /// - Parameter dtype: Not bfloat16, which NumPy does not have.
    package init(path: String, dtype: DType, rowShape: Shape) throws(FileError) {
        guard dtype != .bfloat16 else { throw FileError(.unsupported, path: path, "NumPy has no bfloat16") }
        var output = try FileOutput(path: path)
        try output.write(NumPyHeader(dtype: dtype, shape: Shape([0] + rowShape.extents)).encoded())
        self.output = output
        self.dtype = dtype
        self.rowShape = rowShape
    }

    /// Appends rows: `[rows, …rowShape]`.
    package mutating func append(_ rows: Tensor) throws(FileError) {
        guard rows.dtype == dtype, rows.shape.rank > 0, Array(rows.shape.extents.dropFirst()) == rowShape.extents else {
            throw FileError(
                .unsupported, path: output.path,
                "rows of \(rows.dtype) \(rows.shape) in an array of \(dtype) \(rowShape)")
        }
        try output.write(contentsOf: rows)
        count += rows.shape[0]
    }

    /// Writes the number of rows into the header and closes the file.
    package consuming func close() throws(FileError) {
        let header = NumPyHeader(dtype: dtype, shape: Shape([count] + rowShape.extents))
        try output.overwriteStart(with: header.encoded())
        try output.close()
    }
}

extension FileOutput {
    /// Appends a tensor's elements, without a copy.
    mutating func write(contentsOf tensor: Tensor) throws(FileError) {
        let result = tensor.withUnsafeBytes { bytes in Result { () throws(FileError) in try write(bytes) } }
        try result.get()
    }
}
