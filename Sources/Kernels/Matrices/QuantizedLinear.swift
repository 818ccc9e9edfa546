import CKernels
import Tensors

/// What rows are turned into before a product reads them.
package enum RowForm: Sendable, Hashable {
    /// 8 bits, with a scale and a zero a row.
    case bytes
    /// Rounded to bfloat16.
    case bfloat16

    /// Bytes from one such row of `width` numbers to the next.
    package func stride(_ width: Int, _ kernels: KernelSet) -> Int {
        switch self {
        case .bytes: rk_quantized_stride(kernels.table, width)
        case .bfloat16: rk_bfloat_stride(kernels.table, width)
        }
    }

    /// Bytes of a packed matrix.
    fileprivate func packedBytes(_ rows: Int, _ columns: Int, _ kernels: KernelSet) -> Int {
        switch self {
        case .bytes: rk_packed_quantized_bytes(kernels.table, rows, columns)
        case .bfloat16: rk_packed_bfloat_bytes(rows, columns)
        }
    }
}

/// A matrix of 8-bit or bfloat16 numbers packed for products with rows of the same form, with scales and bias beside
/// it.
///
/// How it is packed depends on the kernels: a model runs with those that it was compiled for.
package struct QuantizedLinear: Sendable {
    /// Where its parts are written.
    ///
    /// `@unchecked Sendable`: written by one packing job before the matrix is used, read afterwards.
    package struct Memory: @unchecked Sendable {
        /// Packed panels.
        package let packed: UnsafeMutableRawPointer
        /// One scale a column, zeros in padding; empty where there is none.
        package let scales: UnsafeMutableBufferPointer<Float>
        /// One number a column, zeros in padding; empty where there is none.
        package let bias: UnsafeMutableBufferPointer<Float>
    }

    /// What it multiplies.
    package let form: RowForm
    /// Rows of the matrix.
    package let inputWidth: Int
    /// Columns, padding of head-major products included.
    package let outputWidth: Int
    /// What the columns of its rows are multiplied with before they are quantised; `nil`: nothing.
    package let factors: Factors?
    /// Where it lies.
    package let memory: Memory
    private let storage: FloatPiece

    /// Factors on the columns of rows.
    package struct Factors: Sendable {
        private let storage: FloatPiece
        /// Which tensor they come from.
        package let source: Source

        /// A tensor that somebody keeps.
        package struct Source: Sendable, Hashable {
            package let storage: ObjectIdentifier
            package let byteOffset: Int
        }

        package init(_ tensor: Tensor, width: Int, rows: PaddedRows?) {
            storage = FloatPiece(FloatBuffer(count: width))
            source = Source(storage: ObjectIdentifier(tensor.storage), byteOffset: tensor.byteOffset)
            let target = storage.base
            tensor.withFloats { factors in
                for index in factors.indices { target[rows?.place(of: index) ?? index] = factors[index] }
            }
        }

        package var base: UnsafePointer<Float> { UnsafePointer(storage.base) }
    }

    /// Where its memory begins.
    var start: UnsafeMutablePointer<Float> { storage.base }

    package var scales: UnsafePointer<Float>? { memory.scales.isEmpty ? nil : UnsafePointer(memory.scales.baseAddress) }

    package var bias: UnsafePointer<Float>? { memory.bias.isEmpty ? nil : UnsafePointer(memory.bias.baseAddress) }

    /// - Parameters:
    ///   - factors: One number an input.
    ///   - rows: How inputs are padded; `nil`: they are not.
    ///   - queue: Where packing waits for its turn.
    ///   - fill: Writes the parts.
    package init(
        _ form: RowForm, inputWidth: Int, outputWidth: Int, hasScales: Bool = true, hasBias: Bool,
        factors: Tensor? = nil, rows: PaddedRows? = nil, kernels: KernelSet, packing queue: PackingQueue,
        fill: @escaping @Sendable (Memory) -> Void
    ) {
        self.form = form
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        self.factors = factors.map { Factors($0, width: inputWidth, rows: rows) }
        let columns = KernelSet.padded(outputWidth)
        let packed = form.packedBytes(inputWidth, outputWidth, kernels) / MemoryLayout<Float>.stride
        let scales = hasScales ? columns : 0
        let count = packed + scales + (hasBias ? columns : 0)
        let storage = queue.memory.piece(count: count)
        self.storage = storage
        let memory = Memory(
            packed: UnsafeMutableRawPointer(storage.base),
            scales: UnsafeMutableBufferPointer(start: storage.base + packed, count: scales),
            bias: UnsafeMutableBufferPointer(start: storage.base + packed + scales, count: hasBias ? columns : 0))
        self.memory = memory
        queue.add(storage, count: count) { fill(memory) }
    }
}

/// Inputs of an output projection: the values of heads, each padded to whole panels.
package struct PaddedRows: Sendable {
    /// Heads side by side.
    package let heads: Int
    /// Values of a head.
    package let size: Int
    /// Places that they take.
    package let padded: Int

    package init(heads: Int, size: Int, padded: Int) {
        self.heads = heads
        self.size = size
        self.padded = padded
    }

    /// Rows with those that pad heads.
    package var count: Int { heads * padded }

    /// Where a value stands.
    package func place(of index: Int) -> Int { index / size * padded + index % size }

    /// The rows of a matrix `[heads · size, columns]` where they stand, zeros between them.
    package func pad(_ weight: Tensor) -> Tensor {
        guard padded != size else { return weight }
        let columns = weight.shape[1]
        return weight.withFloats { source in
            Tensor(shape: [count, columns]) { target in
                for row in 0..<heads * size {
                    for column in 0..<columns {
                        target[place(of: row) * columns + column] = source[row * columns + column]
                    }
                }
            }
        }
    }
}
