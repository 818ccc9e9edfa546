import ModelGraph
import Rewriting

/// What a model's matrices shall become.
package enum QuantizationTarget: Sendable, Hashable {
    /// Weights and inputs of products in bfloat16.
    case bfloat16
    /// Weights in 8 bits, inputs of products in 8 bits a row.
    case int8
    /// 8 bits, but for what hurts.
    case automatic
    /// Weights alone in 8 bits.
    case int8Weights(group: Int?)
    /// Weights alone in 4 bits.
    case int4Weights(group: Int)

    /// What the matrices of products are made.
    var kind: Precision.Kind {
        switch self {
        case .bfloat16: .bfloat16
        case .int8, .automatic: .int8
        case .int8Weights: .int8Weights
        case .int4Weights: .int4Weights
        }
    }

    /// Rows that share a scale of each column; `nil`: all.
    package var group: Int? {
        switch self {
        case .bfloat16, .int8, .automatic: nil
        case .int8Weights(let group): group
        case .int4Weights(let group): group
        }
    }

    /// Name in documents.
    package var name: String {
        switch self {
        case .bfloat16: "bf16"
        case .int8: "int8"
        case .automatic: "auto"
        case .int8Weights: "int8 weights"
        case .int4Weights: "int4 weights"
        }
    }

    /// Whether data are needed: 4 bits are too few for plain rounding, and damage is measured on texts.
    package var needsData: Bool {
        switch self {
        case .automatic, .int4Weights: true
        case .bfloat16, .int8, .int8Weights: false
        }
    }
}
