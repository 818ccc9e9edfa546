/// A matrix that rows are multiplied with, packed as its precision wants it.
package enum ProductMatrix: Sendable {
    case floats(PackedLinear)
    /// Rows are quantised or rounded first (`QuantizeStep`).
    case quantized(QuantizedLinear)
    /// Weights of fewer bits, rows of floats.
    case compact(CompactLinear)

    /// Rows of the matrix.
    package var inputWidth: Int {
        switch self {
        case .floats(let linear): linear.inputWidth
        case .quantized(let linear): linear.inputWidth
        case .compact(let linear): linear.inputWidth
        }
    }

    /// Columns, padding of head-major products included.
    package var outputWidth: Int {
        switch self {
        case .floats(let linear): linear.outputWidth
        case .quantized(let linear): linear.outputWidth
        case .compact(let linear): linear.outputWidth
        }
    }

    /// Where its memory begins.
    package var start: UnsafeMutablePointer<Float> {
        switch self {
        case .floats(let linear): linear.start
        case .quantized(let linear): linear.start
        case .compact(let linear): linear.start
        }
    }

    /// Number of panels of columns.
    package var panels: Int { (outputWidth + KernelSet.panel - 1) / KernelSet.panel }

    /// What is added to the columns, padded with zeros to whole panels; `nil`: nothing.
    package var bias: UnsafePointer<Float>? {
        switch self {
        case .floats(let linear): linear.bias
        case .quantized(let linear): linear.bias
        case .compact(let linear): linear.bias
        }
    }
}
