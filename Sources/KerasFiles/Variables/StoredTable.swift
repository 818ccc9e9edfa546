import Platform
import Tensors
import WeightFiles

/// The table of an embedding as it is stored: plain or quantized.
package struct StoredTable {
    /// `[rows, width]`.
    package let source: ParameterSource

    /// - Parameters:
    ///   - tensors: The table, then what quantization adds.
    ///   - label: The layer, for messages.
    /// - Throws: `corrupt` for another shape, `unsupported` for other kinds of numbers.
    package init(_ tensors: [StoredTensor], rows: Int, width: Int, label: String) throws(Problem) {
        guard let table = tensors.first else { throw Problem(.corrupt, "\(label): has no table") }
        let misshapen = Problem(
            .corrupt, "\(label): \(table.name.printable) has shape \(table.shape), expected \(Shape([rows, width]))")
        let rest = Array(tensors.dropFirst())
        if table.dtype.isFloatingPoint {
            guard table.shape == [rows, width] else { throw misshapen }
            guard rest.isEmpty else {
                throw Problem(.unsupported, "\(label): has \(rest.count) weights beside its table")
            }
            source = .stored(table)
            return
        }
        guard table.dtype == .int8, let scale = rest.first else {
            throw Problem(.unsupported, "\(label): a table of \(table.dtype.rawValue)")
        }
        let quantized = QuantizedTable(
            values: table, scale: scale, zero: rest.count > 1 ? rest[1] : nil, groups: rest.count > 2 ? rest[2] : nil,
            rows: rows, width: width)
        guard let computation = quantized.computation else { throw misshapen }
        source = .computed(computation)
    }
}
