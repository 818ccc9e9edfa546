/// Functions of one element. A closed set: an unknown one is an error when a checkpoint is read.
///
/// A function with a number of its own is made of these and of factors and sums around them.
package enum Activation: String, Sendable, Hashable, Codable, CaseIterable {
    case identity, relu
    /// `x · Φ(x)`, the erf form.
    case gelu
    /// The tanh approximation of GELU.
    case geluTanh = "gelu_tanh"
    case tanh, silu, sigmoid
    /// `x · sigmoid(1.702 x)`.
    case quickGelu = "quick_gelu"
    case reluSquared = "relu_squared"
    /// `x` above 0, `x / 5` below.
    case leakyRelu = "leaky_relu"
    /// `x` above 0, `eˣ − 1` below.
    case elu
    /// `1.0507 · x` above 0, `1.0507 · 1.6733 · (eˣ − 1)` below: keeps mean 0 and variance 1.
    case selu
    /// `ln(1 + eˣ)`.
    case softplus
    /// `x / (1 + |x|)`.
    case softsign
    /// `x · tanh(softplus(x))`.
    case mish
    /// `eˣ`.
    case exponential
    /// `x / 6 + ½`, within 0 and 1.
    case hardSigmoid = "hard_sigmoid"
    /// `x / 5 + ½`, within 0 and 1: what Keras called hard sigmoid before its third release.
    case hardSigmoidFifth = "hard_sigmoid_fifth"
    /// `x · hard_sigmoid(x)`.
    case hardSilu = "hard_silu"
    /// `x` within 0 and 6.
    case relu6
    /// `ln(sigmoid(x))`.
    case logSigmoid = "log_sigmoid"
    /// `x − tanh(x)`.
    case tanhShrink = "tanh_shrink"
    /// `(x + √(x² + 4)) / 2`.
    case squareplus
    /// `x` within 0 and 1.
    case unitClip = "unit_clip"
    /// 1 above 0, else 0.
    case step
    case square
    case squareRoot = "square_root"
    case absolute, reciprocal
    /// The natural logarithm.
    case logarithm
    case sine, cosine

    /// Whether products compute it while they store their result.
    package var isFused: Bool {
        switch self {
        case .identity, .relu, .gelu, .geluTanh, .tanh, .silu, .sigmoid, .quickGelu, .reluSquared: true
        default: false
        }
    }
}
