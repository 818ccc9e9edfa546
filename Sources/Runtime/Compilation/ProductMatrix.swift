/// A matrix that rows are multiplied with, packed as its precision wants it.
enum ProductMatrix: Sendable {
    case floats(PackedLinear)
    /// Rows are quantised first (`QuantizeStep`).
    case quantized(QuantizedLinear)
    case compact(CompactLinear)

    /// Rows of the matrix.
    var inputWidth: Int {
        switch self {
        case .floats(let linear): linear.inputWidth
        case .quantized(let linear): linear.inputWidth
        case .compact(let linear): linear.inputWidth
        }
    }

    /// Columns, padding of head-major products included.
    var outputWidth: Int {
        switch self {
        case .floats(let linear): linear.outputWidth
        case .quantized(let linear): linear.outputWidth
        case .compact(let linear): linear.outputWidth
        }
    }

    /// Number of panels of columns.
    var panels: Int { (outputWidth + KernelSet.panel - 1) / KernelSet.panel }

    /// What is added to the columns, padded with zeros to whole panels; `nil`: nothing.
    var bias: UnsafePointer<Float>? {
        switch self {
        case .floats(let linear): linear.bias
        case .quantized(let linear): linear.bias
        case .compact(let linear): linear.bias
        }
    }
}
