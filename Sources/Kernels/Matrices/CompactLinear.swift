import CKernels
import ModelGraph
import Tensors

/// A matrix that is kept in 8 or 4 bits and multiplied as floats, with its bias beside it.
package struct CompactLinear: Sendable {
    /// Extents, kind and groups.
    ///
    /// `@unchecked Sendable`: a C structure of numbers.
    package struct Shape: @unchecked Sendable {
        package let value: rk_compact_shape
    }

    /// Where its parts are written.
    ///
    /// `@unchecked Sendable`: written by one packing job before the matrix is used, read afterwards.
    package struct Memory: @unchecked Sendable {
        /// Packed panels.
        package let packed: UnsafeMutableRawPointer
        /// One number a column, zeros in padding; empty where there is none.
        package let bias: UnsafeMutableBufferPointer<Float>
    }

    package let shape: Shape
    package let memory: Memory
    private let storage: FloatPiece

    /// Where its memory begins.
    var start: UnsafeMutablePointer<Float> { storage.base }

    /// Rows of the matrix.
    package var inputWidth: Int { shape.value.k }
    /// Columns, padding of head-major products included.
    package var outputWidth: Int { shape.value.n }

    package var bias: UnsafePointer<Float>? { memory.bias.isEmpty ? nil : UnsafePointer(memory.bias.baseAddress) }

    /// Floats of scratch that a product needs.
    package var scratch: Int {
        var shape = shape.value
        return rk_compact_scratch(&shape)
    }

    /// - Parameters:
    ///   - precision: Of 8 or 4 bits of weights.
    ///   - isWide: Whether scales are kept in 32 bits.
    ///   - queue: Where packing waits for its turn.
    ///   - fill: Writes the parts.
    package init(
        inputWidth: Int, outputWidth: Int, precision: Precision, isWide: Bool, hasBias: Bool,
        packing queue: PackingQueue, fill: @escaping @Sendable (Shape, Memory) -> Void
    ) {
        var value = rk_compact_shape()
        value.kind = Int32((precision.kind.isPacked ? RK_COMPACT_NIBBLES : RK_COMPACT_BYTES).rawValue)
        value.k = inputWidth
        value.n = outputWidth
        value.group = precision.group ?? max(inputWidth, 1)
        value.wide = isWide ? 1 : 0
        let shape = Shape(value: value)
        let columns = hasBias ? KernelSet.padded(outputWidth) : 0
        let packed = rk_compact_bytes(&value) / MemoryLayout<Float>.stride
        let storage = queue.memory.piece(count: packed + columns)
        let memory = Memory(
            packed: UnsafeMutableRawPointer(storage.base),
            bias: UnsafeMutableBufferPointer(start: storage.base + packed, count: columns))
        self.shape = shape
        self.memory = memory
        self.storage = storage
        queue.add(storage, count: packed + columns) { fill(shape, memory) }
    }

    /// Packs columns of a matrix.
    ///
    /// - Parameters:
    ///   - values: `[rows, columns]` in the order of the steps.
    ///   - scales: `[groups, columns]`.
    package static func pack(
        _ values: UnsafePointer<Int8>, rowStep: Int, columnStep: Int, scales: [Float], columns: Int, as shape: Shape,
        to packed: UnsafeMutableRawPointer
    ) {
        var own = shape.value
        own.n = columns
        rk_pack_compact(&own, values, rowStep, columnStep, scales, packed)
    }

    /// Bytes of so many columns.
    package static func byteCount(of columns: Int, as shape: Shape) -> Int {
        var own = shape.value
        own.n = columns
        return rk_compact_bytes(&own)
    }
}

extension QuantizedMatrix {
    /// Calls `body` with the stored values, one a number.
    package func withValues(_ body: (UnsafePointer<Int8>) -> Void) {
        guard precision.kind.isPacked else { return values.withInt8(body) }
        let rows = shape[0], columns = shape[1]
        var numbers = [Int8](repeating: 0, count: rows * columns)
        values.withUnsafeBytes { bytes in
            for row in 0..<rows {
                for column in 0..<columns {
                    let pair = bytes[row / 2 * columns + column]
                    numbers[row * columns + column] = Int8(row.isMultiple(of: 2) ? pair & 15 : pair >> 4) - 8
                }
            }
        }
        body(numbers)
    }
}

extension Tensor {
    /// Calls `body` with the elements of an int8 tensor.
    package func withInt8(_ body: (UnsafePointer<Int8>) -> Void) {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, dtype == .int8 else { return }
            body(base.assumingMemoryBound(to: Int8.self))
        }
    }
}
