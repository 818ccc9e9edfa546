import ModelGraph
import Quantizing
import Rewriting

/// How many bits a converted model's matrices have, and its products' inputs.
public enum ConversionPrecision: Sendable, Hashable {
    /// As the source has them.
    case float32
    /// Weights and inputs of products in bfloat16: half the bytes.
    case bfloat16
    /// Weights in 8 bits, inputs of products in 8 bits a row: a quarter of the bytes, and several times the speed where
    /// the processor multiplies bytes.
    case int8
    /// 8 bits, but for the matrices that would hurt, as far as data can tell.
    case automatic
    /// Weights alone in 8 bits: for decoding, where memory sets the pace.
    ///
    /// - Parameter group: Inputs that share a scale, 32 or 64; `nil`: all.
    case int8Weights(group: Int? = nil)
    /// Weights alone in 4 bits.
    ///
    /// - Parameter group: Inputs that share a scale, 32 or 64.
    case int4Weights(group: Int = 32)

    /// What quantising works towards; `nil`: nothing is to be done.
    package var target: QuantizationTarget? {
        switch self {
        case .float32: nil
        case .bfloat16: .bfloat16
        case .int8: .int8
        case .automatic: .automatic
        case .int8Weights(let group): .int8Weights(group: group)
        case .int4Weights(let group): .int4Weights(group: group)
        }
    }

    /// - Throws: `.usage` for groups that don't exist.
    func check() throws(TransformerError) {
        let group: Int? =
            switch self {
            case .int8Weights(let group): group
            case .int4Weights(let group): group
            default: nil
            }
        guard let group, !Precision.groups.contains(group) else { return }
        throw TransformerError(.usage, "groups of \(group) inputs are not known: 32 or 64")
    }
}
