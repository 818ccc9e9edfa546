import Foundation
import ModelGraph

extension Activation {
    /// The functions that no product computes while it stores, in double precision.
    func definition(_ x: Double) -> Double {
        func within(_ value: Double, _ low: Double, _ high: Double) -> Double { min(max(value, low), high) }
        return switch self {
        case .leakyRelu: x < 0 ? 0.2 * x : x
        case .elu: x < 0 ? expm1(x) : x
        case .selu: 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * expm1(x) : x)
        case .softplus: max(x, 0) + log1p(exp(-abs(x)))
        case .softsign: x / (1 + abs(x))
        case .mish: x * Foundation.tanh(max(x, 0) + log1p(exp(-abs(x))))
        case .exponential: exp(x)
        case .hardSigmoid: within(x / 6 + 0.5, 0, 1)
        case .hardSigmoidFifth: within(x / 5 + 0.5, 0, 1)
        case .hardSilu: x * within(x / 6 + 0.5, 0, 1)
        case .relu6: within(x, 0, 6)
        case .logSigmoid: min(x, 0) - log1p(exp(-abs(x)))
        case .tanhShrink: x - Foundation.tanh(x)
        case .squareplus: (x + (x * x + 4).squareRoot()) / 2
        case .unitClip: within(x, 0, 1)
        case .step: x > 0 ? 1 : 0
        case .square: x * x
        case .squareRoot: x.squareRoot()
        case .absolute: abs(x)
        case .reciprocal: 1 / x
        case .logarithm: log(x)
        case .sine: sin(x)
        case .cosine: cos(x)
        default: x
        }
    }
}
