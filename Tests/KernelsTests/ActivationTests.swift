import CKernels
import Foundation
import Runtime
import Testing

let activations = [
    RK_IDENTITY, RK_RELU, RK_GELU, RK_GELU_TANH, RK_TANH, RK_SILU, RK_SIGMOID, RK_QUICK_GELU, RK_RELU_SQUARED,
    RK_LEAKY_RELU, RK_ELU, RK_SELU, RK_SOFTPLUS, RK_SOFTSIGN, RK_MISH, RK_EXPONENTIAL, RK_HARD_SIGMOID,
    RK_HARD_SIGMOID_FIFTH, RK_HARD_SILU, RK_RELU6, RK_LOG_SIGMOID, RK_TANH_SHRINK, RK_SQUAREPLUS, RK_UNIT_CLIP, RK_STEP,
    RK_SQUARE, RK_ABSOLUTE, RK_SINE, RK_COSINE,
]

extension rk_activation: @retroactive CustomTestStringConvertible {
    public var testDescription: String {
        let names = [
            "identity", "relu", "gelu", "gelu (tanh)", "tanh", "silu", "sigmoid", "quick gelu", "relu²", "leaky relu",
            "elu", "selu", "softplus", "softsign", "mish", "exponential", "hard sigmoid (sixth)",
            "hard sigmoid (fifth)", "hard silu", "relu6", "log sigmoid", "tanh shrink", "squareplus", "unit clip",
            "step", "square", "square root", "absolute", "reciprocal", "logarithm", "sine", "cosine",
        ]
        return names.indices.contains(Int(rawValue)) ? names[Int(rawValue)] : "\(rawValue)"
    }
}

/// Definitions, in double precision.
func activationReference(_ activation: rk_activation, _ x: Double) -> Double {
    switch activation {
    case RK_RELU: max(x, 0)
    case RK_GELU: x / 2 * erfc(-x / 2.0.squareRoot())
    case RK_GELU_TANH: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case RK_TANH: tanh(x)
    case RK_SILU: x / (1 + exp(-x))
    case RK_SIGMOID: 1 / (1 + exp(-x))
    case RK_QUICK_GELU: x / (1 + exp(-1.702 * x))
    case RK_RELU_SQUARED: x > 0 ? x * x : 0
    default: rareReference(activation, x)
    }
}

private func rareReference(_ activation: rk_activation, _ x: Double) -> Double {
    let softplus = max(x, 0) + log1p(exp(-abs(x)))
    func within(_ value: Double, _ low: Double, _ high: Double) -> Double { min(max(value, low), high) }
    return switch activation {
    case RK_LEAKY_RELU: x < 0 ? x / 5 : x
    case RK_ELU: x < 0 ? expm1(x) : x
    case RK_SELU: x < 0 ? 1.7580993408473766 * expm1(x) : 1.0507009873554805 * x
    case RK_SOFTPLUS: softplus
    case RK_SOFTSIGN: x / (1 + abs(x))
    case RK_MISH: x * tanh(softplus)
    case RK_EXPONENTIAL: exp(x)
    case RK_HARD_SIGMOID: within(x / 6 + 0.5, 0, 1)
    case RK_HARD_SIGMOID_FIFTH: within(x / 5 + 0.5, 0, 1)
    case RK_HARD_SILU: x * within(x / 6 + 0.5, 0, 1)
    case RK_RELU6: within(x, 0, 6)
    case RK_LOG_SIGMOID: x - softplus
    case RK_TANH_SHRINK: x - tanh(x)
    case RK_SQUAREPLUS: (x + (x * x + 4).squareRoot()) / 2
    case RK_UNIT_CLIP: within(x, 0, 1)
    case RK_STEP: x > 0 ? 1 : 0
    case RK_SQUARE: x * x
    case RK_ABSOLUTE: abs(x)
    case RK_SINE: sin(x)
    case RK_COSINE: cos(x)
    default: x
    }
}

@Suite("Activations")
struct ActivationTests {
    @Test("every activation agrees with its definition from -30 to 30", arguments: KernelSet.all, activations)
    func definition(_ set: KernelSet, _ activation: rk_activation) throws {
        let x = Floats(60_001) { -30 + Float($0) / 1000 }
        let out = Floats(x.count)
        set.kernels.activate(x.base, x.count, Int32(activation.rawValue), out.base)
        #expect(out.marginIsIntact)
        var worst = 0.0
        for index in 0..<x.count {
            let expected = activationReference(activation, Double(x[index]))
            // 5e-7 absolute below 1; rounding of the result itself above.
            worst = max(worst, abs(Double(out[index]) - expected) / max(1, abs(expected)))
        }
        #expect(worst < 5e-7)
    }

    @Test("activations of values far out saturate instead of overflowing", arguments: KernelSet.all)
    func saturation(_ set: KernelSet) throws {
        let x = Floats([-1e30, -200, 200, 1e30])
        let expected: [(rk_activation, [Float])] = [
            (RK_GELU, [0, 0, 200, 1e30]), (RK_TANH, [-1, -1, 1, 1]), (RK_SIGMOID, [0, 0, 1, 1]),
            (RK_SILU, [0, 0, 200, 1e30]),
        ]
        for (activation, values) in expected {
            let out = Floats(4)
            set.kernels.activate(x.base, 4, Int32(activation.rawValue), out.base)
            for (found, value) in zip(out.values, values) {
                #expect(abs(found - value) <= 1e-6 * max(1, abs(value)), "\(activation.testDescription)")
            }
        }
    }

    @Test("activations keep what is not a number", arguments: KernelSet.all, activations)
    func notANumber(_ set: KernelSet, _ activation: rk_activation) throws {
        let x = Floats([Float](repeating: .nan, count: 17)), out = Floats(17)
        set.kernels.activate(x.base, 17, Int32(activation.rawValue), out.base)
        #expect(out.values.allSatisfy { $0.isNaN })
    }

    @Test("small values keep their relative accuracy under tanh", arguments: KernelSet.all)
    func tinyTanh(_ set: KernelSet) throws {
        let x = Floats(40) { Float(pow(10, -Double($0) / 4)) }, out = Floats(40)
        set.kernels.activate(x.base, 40, Int32(RK_TANH.rawValue), out.base)
        for index in 0..<40 {
            let expected = tanh(Double(x[index]))
            #expect(abs(Double(out[index]) - expected) < 4e-7 * expected)
        }
    }

    @Test("instruction sets agree on activations to the bit", arguments: activations)
    func sameBits(_ activation: rk_activation) throws {
        var random = Random(seed: 10)
        let x = random.floats(1003, scale: 8)
        var first: [Float]?
        for set in KernelSet.all {
            let out = Floats(x.count)
            set.kernels.activate(x.base, x.count, Int32(activation.rawValue), out.base)
            if let first { #expect(out.values == first) }
            first = out.values
        }
    }
}

@Suite("Choice of the instruction set")
struct SelectionTests {
    @Test("a table carries the instruction set that it was asked for", arguments: KernelSet.all)
    func names(_ set: KernelSet) throws {
        #expect(set.kernels.isa == set.isa)
    }

    @Test("the kernels that are taken by default are the last of those that the CPU has")
    func best() {
        #expect(rk_best_kernels() == KernelSet.all.last.flatMap { rk_kernels_of($0.isa) })
    }
}
