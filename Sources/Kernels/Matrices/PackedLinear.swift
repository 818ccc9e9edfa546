import CKernels
import ModelGraph
import Tensors

/// A matrix packed for the kernels, with its bias padded beside it.
package struct PackedLinear: Sendable {
    /// Rows of the matrix.
    package let inputWidth: Int
    /// Columns, padding of head-major products included.
    package let outputWidth: Int
    private let storage: FloatPiece
    private let hasBias: Bool

    package var packed: UnsafePointer<Float> { UnsafePointer(storage.base) }
    /// Where its memory begins.
    var start: UnsafeMutablePointer<Float> { storage.base }

    package var bias: UnsafePointer<Float>? {
        hasBias ? UnsafePointer(storage.base + rk_packed_count(inputWidth, outputWidth)) : nil
    }

    /// Number of panels.
    package var panels: Int { (outputWidth + KernelSet.panel - 1) / KernelSet.panel }

    /// Packs `[in, out]` weights; a transposed owner (`[out, in]`) is packed without an intermediate copy.
    ///
    /// - Parameter queue: Where packing waits for its turn; `nil`: it is done at once.
    package init(weight: Tensor, isTransposed: Bool = false, bias: Tensor?, packing queue: PackingQueue? = nil) {
        let rows = isTransposed ? weight.shape[1] : weight.shape[0]
        let columns = isTransposed ? weight.shape[0] : weight.shape[1]
        self.init(inputWidth: rows, outputWidth: columns, hasBias: bias != nil, packing: queue) { packed, target in
            weight.withFloats { source in
                guard let source = source.baseAddress else { return }
                if isTransposed {
                    rk_pack_transposed(source, rows, columns, rows, 1, packed)
                } else {
                    rk_pack(source, rows, columns, columns, 1, packed)
                }
            }
            bias?.withFloats { _ = target.update(fromContentsOf: $0) }
        }
    }

    /// `x · weight + bias` for rows `stride` floats apart.
    ///
    /// - Parameter panels: Which panels of columns are computed; `nil`: all.
    package func multiply(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, panels: Range<Int>? = nil,
        to out: UnsafeMutablePointer<Float>, _ outStride: Int, with kernels: KernelSet
    ) {
        var product = rk_product()
        product.x = x
        product.ldx = stride
        product.rows = rows
        product.k = inputWidth
        product.n = outputWidth
        product.packed = packed
        product.bias = bias
        product.out = out
        product.ldo = outStride
        let panels = panels ?? 0..<self.panels
        rk_multiply(kernels.table, &product, 0, rows, panels.lowerBound, panels.upperBound)
    }

    /// Packs a matrix whose parts `fill` writes: packed floats, and the bias.
    package init(
        inputWidth: Int, outputWidth: Int, hasBias: Bool, packing queue: PackingQueue? = nil,
        fill: @escaping @Sendable (UnsafeMutablePointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        self.hasBias = hasBias
        let packedCount = rk_packed_count(inputWidth, outputWidth)
        let count = packedCount + (hasBias ? KernelSet.padded(outputWidth) : 0)
        let storage = queue?.memory.piece(count: count) ?? FloatPiece(FloatBuffer(count: count))
        self.storage = storage
        let job = { @Sendable in
            fill(
                storage.base,
                UnsafeMutableBufferPointer(start: storage.base + packedCount, count: hasBias ? outputWidth : 0))
        }
        if let queue { queue.add(storage, count: count, job) } else { job() }
    }
}
