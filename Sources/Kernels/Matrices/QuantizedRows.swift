import CKernels

/// Rows of a value in 8 bits, as products of quantised rows take them: number `i` of a row stands for
/// `(values[i] − zero) · scale`.
package struct QuantizedRows: Sendable {
    /// Numbers of a row.
    package let width: Int
    /// Row by row, `width` numbers each.
    package let values: [UInt8]
    /// One a row; not-a-number where the row, or its range, is not finite.
    package let scales: [Float]
    /// What stands for 0, one a row.
    package let zeros: [Int32]

    /// Quantises rows as a run does, to the bit, whatever the kernels.
    ///
    /// - Parameters:
    ///   - factors: What the columns are multiplied with first, one a column; `nil`: nothing.
    ///   - kernels: Kernels that do it.
    package init(_ rows: MatrixView, factors: [Float]? = nil, kernels: KernelSet = .best) {
        precondition(factors.map { $0.count == rows.columns } ?? true, "a factor a column")
        let stride = rk_quantized_stride(kernels.table, rows.columns)
        let memory = FloatBuffer(count: stride / MemoryLayout<Float>.stride)
        var values = [UInt8](repeating: 0, count: rows.rows * rows.columns)
        var scales: [Float] = [], zeros: [Int32] = []
        values.withUnsafeMutableBufferPointer { values in
            for row in 0..<rows.rows {
                func quantize(_ factors: UnsafePointer<Float>?) {
                    rk_quantize(
                        kernels.table, rows.base + row * rows.stride, rows.stride, 1, rows.columns, factors,
                        memory.base)
                }
                if let factors { factors.withUnsafeBufferPointer { quantize($0.baseAddress) } } else { quantize(nil) }
                var scale: Float = 0, zero: Int32 = 0
                rk_quantized_row(
                    kernels.table, memory.base, rows.columns, values.baseAddress.map { $0 + row * rows.columns },
                    &scale, &zero)
                scales.append(scale)
                zeros.append(zero)
            }
        }
        width = rows.columns
        self.values = values
        self.scales = scales
        self.zeros = zeros
    }
}
