import CKernels
import Tensors

/// A matrix of 8-bit numbers packed for products with quantised rows, with its scales and its bias beside it.
///
/// How it is packed depends on the kernels: a model runs with those that it was compiled for.
struct QuantizedLinear: Sendable {
    /// Where its parts are written.
    ///
    /// `@unchecked Sendable`: written by one packing job before the matrix is used, read afterwards.
    struct Memory: @unchecked Sendable {
        /// Packed panels.
        let packed: UnsafeMutableRawPointer
        /// One scale a column, zeros in padding.
        let scales: UnsafeMutableBufferPointer<Float>
        /// One number a column, zeros in padding; empty where there is none.
        let bias: UnsafeMutableBufferPointer<Float>
    }

    /// Rows of the matrix.
    let inputWidth: Int
    /// Columns, padding of head-major products included.
    let outputWidth: Int
    /// What the columns of its rows are multiplied with before they are quantised; `nil`: nothing.
    let factors: Factors?
    /// Where it lies.
    let memory: Memory
    private let storage: FloatPiece

    /// Factors on the columns of rows.
    struct Factors: Sendable {
        private let storage: FloatPiece
        /// Which tensor they come from.
        let source: Source

        /// A tensor that somebody keeps.
        struct Source: Sendable, Hashable {
            let storage: ObjectIdentifier
            let byteOffset: Int
        }

        init(_ tensor: Tensor, width: Int, rows: PaddedRows?) {
            storage = FloatPiece(FloatBuffer(count: width))
            source = Source(storage: ObjectIdentifier(tensor.storage), byteOffset: tensor.byteOffset)
            let target = storage.base
            tensor.withFloats { factors in
                for index in factors.indices { target[rows?.place(of: index) ?? index] = factors[index] }
            }
        }

        var base: UnsafePointer<Float> { UnsafePointer(storage.base) }
    }

    var scales: UnsafePointer<Float>? { UnsafePointer(memory.scales.baseAddress) }

    var bias: UnsafePointer<Float>? { memory.bias.isEmpty ? nil : UnsafePointer(memory.bias.baseAddress) }

    /// - Parameters:
    ///   - factors: One number an input.
    ///   - rows: How inputs are padded; `nil`: they are not.
    ///   - queue: Where packing waits for its turn.
    ///   - fill: Writes the parts.
    init(
        inputWidth: Int, outputWidth: Int, hasBias: Bool, factors: Tensor?, rows: PaddedRows? = nil,
        kernels: KernelSet, packing queue: PackingQueue, fill: @escaping @Sendable (Memory) -> Void
    ) {
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        self.factors = factors.map { Factors($0, width: inputWidth, rows: rows) }
        let columns = KernelSet.padded(outputWidth)
        let packed = rk_packed_quantized_bytes(kernels.table, inputWidth, outputWidth) / MemoryLayout<Float>.stride
        let storage = queue.memory.piece(count: packed + columns * (hasBias ? 2 : 1))
        self.storage = storage
        let memory = Memory(
            packed: UnsafeMutableRawPointer(storage.base),
            scales: UnsafeMutableBufferPointer(start: storage.base + packed, count: columns),
            bias: UnsafeMutableBufferPointer(start: storage.base + packed + columns, count: hasBias ? columns : 0))
        self.memory = memory
        queue.add { fill(memory) }
    }
}

/// Inputs of an output projection: the values of heads, each padded to whole panels.
struct PaddedRows: Sendable {
    /// Heads side by side.
    let heads: Int
    /// Values of a head.
    let size: Int
    /// Places that they take.
    let padded: Int

    /// Rows with those that pad heads.
    var count: Int { heads * padded }

    /// Where a value stands.
    func place(of index: Int) -> Int { index / size * padded + index % size }

    /// The rows of a matrix `[heads · size, columns]` where they stand, zeros between them.
    func pad(_ weight: Tensor) -> Tensor {
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
