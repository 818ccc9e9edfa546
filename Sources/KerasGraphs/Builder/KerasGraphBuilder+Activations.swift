import JSON
import ModelGraph
import Platform

/// Activations in terms of our own functions of one number, of factors and of sums.
extension KerasGraphBuilder {
    /// A function of each number, or shares of each row, by its name in a configuration.
    ///
    /// - Parameter value: `nil` for a layer without one.
    package mutating func activated(
        _ input: LayerValue, by value: JSONValue?, for call: LayerCall, part: String
    ) throws(Problem) -> LayerValue {
        let (activation, options) = try KerasActivation.read(value, for: call)
        return try activated(input, by: activation, options, part: part)
    }

    /// The same where name and numbers are known.
    package mutating func activated(
        _ input: LayerValue, by activation: KerasActivation, _ options: ActivationOptions, part: String
    ) throws(Problem) -> LayerValue {
        try options.refuseOthers(activation.options)
        var pieces = Pieces(input: input, options: options, part: part)
        if case .elementwise(let function) = activation.function {
            return pieces.apply(function, to: input, in: &self, as: part)
        }
        switch activation.function {
        case .identity, .elementwise: return input
        case .gelu:
            let standard: JSONValue = .bool(options.isKerasOperation)
            let isApproximate = try options.value(["approximate"], at: 0) ?? standard
            return pieces.apply(isApproximate == .bool(true) ? .geluTanh : .gelu, to: input, in: &self, as: part)
        case .silu: return try pieces.silu(in: &self)
        case .hardSigmoid:
            let isOld = generation == .keras2 && !options.isKerasOperation
            return pieces.apply(isOld ? .hardSigmoidFifth : .hardSigmoid, to: input, in: &self, as: part)
        case .rectifier: return try pieces.rectifier(in: &self)
        case .thresholdRectifier:
            return pieces.above(try options.number(["theta"], default: 1), in: &self, as: part)
        case .leakyRectifier:
            let slope = try options.number(["negative_slope", "alpha"], default: options.isLayer ? 0.3 : 0.2)
            return try pieces.leaky(slope, in: &self)
        case .exponentialUnit: return try pieces.exponentialUnit(in: &self)
        case .continuousExponentialUnit:
            let alpha = try options.number(["alpha"], default: 1)
            guard alpha > 0 else { throw options.call.unsupported("\"alpha\" is \(alpha)") }
            return pieces.scaledInside(.elu, by: 1 / alpha, shift: 0, outside: alpha, in: &self)
        case .softShrink: return try pieces.softShrink(in: &self)
        case .hardShrink: return try pieces.hardShrink(in: &self)
        case .threshold: return try pieces.threshold(in: &self)
        case .squareplus:
            let b = try options.number(["b"], default: 4)
            guard b > 0 else { throw options.call.unsupported("\"b\" is \(b)") }
            let factor = 2 / b.squareRoot()
            return pieces.scaledInside(.squareplus, by: factor, shift: 0, outside: 1 / factor, in: &self)
        case .hardTangent:
            return pieces.scaledInside(.unitClip, by: 0.5, shift: 0.5, outside: 2, outsideShift: -1, in: &self)
        case .sparseSigmoid: return pieces.scaledInside(.unitClip, by: 0.5, shift: 0.5, outside: 1, in: &self)
        case .sparsePlus: return try pieces.sparsePlus(in: &self)
        case .gatedUnit: return try pieces.gatedUnit(in: &self)
        case .shares(let function): return try shared(input, function, options, part: part)
        }
    }

    /// One activation's nodes.
    private struct Pieces {
        let input: LayerValue
        let options: ActivationOptions
        let part: String
        private var number = 0

        init(input: LayerValue, options: ActivationOptions, part: String) {
            self.input = input
            self.options = options
            self.part = part
        }

        private var call: LayerCall { options.call }

        /// Name of one more node on the way.
        private mutating func step() -> String {
            number += 1
            return part.isEmpty ? "step\(number)" : "\(part)/step\(number)"
        }

        mutating func apply(
            _ function: Activation, to value: LayerValue, in builder: inout KerasGraphBuilder, as part: String? = nil
        ) -> LayerValue {
            var result = value
            result.isInteger = false
            result.name = builder.add(.activation(function), [value.name], to: call, part: part ?? step())
            return result
        }

        mutating func scale(
            _ value: LayerValue, _ factor: Float, _ shift: Float = 0, in builder: inout KerasGraphBuilder,
            as part: String? = nil
        ) -> LayerValue {
            guard factor != 1 || shift != 0 || part != nil else { return value }
            return builder.scaled(value, factor: factor, shift: shift, for: call, part: part ?? step())
        }

        mutating func combine(
            _ operation: Operation, _ values: [LayerValue], in builder: inout KerasGraphBuilder, as part: String? = nil
        ) -> LayerValue {
            var result = values[0]
            result.isInteger = false
            result.name = builder.add(operation, values.map(\.name), to: call, part: part ?? step())
            return result
        }

        /// `outside · f(inside · x + shift) + outsideShift`.
        mutating func scaledInside(
            _ function: Activation, by inside: Float, shift: Float, outside: Float, outsideShift: Float = 0,
            in builder: inout KerasGraphBuilder
        ) -> LayerValue {
            let inner = scale(input, inside, shift, in: &builder)
            guard outside != 1 || outsideShift != 0 else { return apply(function, to: inner, in: &builder, as: part) }
            let value = apply(function, to: inner, in: &builder)
            return scale(value, outside, outsideShift, in: &builder, as: part)
        }

        /// `x` above a threshold, else 0.
        mutating func above(
            _ threshold: Float, in builder: inout KerasGraphBuilder, as part: String? = nil
        ) -> LayerValue {
            let shifted = scale(input, 1, -threshold, in: &builder)
            let step = apply(.step, to: shifted, in: &builder)
            return combine(.multiply, [input, step], in: &builder, as: part)
        }

        mutating func silu(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let beta = try options.number(["beta"], default: 1)
            guard beta != 0 else { return scale(input, 0.5, in: &builder, as: part) }
            return scaledInside(.silu, by: beta, shift: 0, outside: 1 / beta, in: &builder)
        }

        /// `relu(x) − slope · relu(−x)`.
        mutating func leaky(_ slope: Float, in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            if slope == 0.2 { return apply(.leakyRelu, to: input, in: &builder, as: part) }
            if slope == 0 { return apply(.relu, to: input, in: &builder, as: part) }
            let positive = apply(.relu, to: input, in: &builder)
            return subtract(slope, below: 0, from: positive, in: &builder)
        }

        /// `value − slope · relu(threshold − x)`.
        private mutating func subtract(
            _ slope: Float, below threshold: Float, from value: LayerValue, in builder: inout KerasGraphBuilder
        ) -> LayerValue {
            let reversed = scale(input, -1, threshold, in: &builder)
            let negative = apply(.relu, to: reversed, in: &builder)
            return combine(.add, [value, scale(negative, -slope, in: &builder)], in: &builder, as: part)
        }

        mutating func rectifier(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let slope = try options.number(["negative_slope", "alpha"], default: 0)
            let threshold = try options.number(["threshold"], at: 2, default: 0)
            let largest =
                try options.value(["max_value"], at: 1) == nil
                ? nil : try options.number(["max_value"], at: 1, default: 0)
            if threshold == 0, largest == nil {
                return slope == 0
                    ? apply(.relu, to: input, in: &builder, as: part) : try leaky(slope, in: &builder)
            }
            let isLast = slope == 0
            var positive: LayerValue
            if threshold == 0 {
                positive = input
            } else {
                positive = above(threshold, in: &builder, as: isLast && largest == nil ? part : nil)
            }
            if let largest {
                guard largest > 0 else { throw call.unsupported("\"max_value\" is \(largest)") }
                if largest == 6 {
                    positive = apply(.relu6, to: positive, in: &builder, as: isLast ? part : nil)
                } else {
                    let share = scale(positive, 1 / largest, in: &builder)
                    let clipped = apply(.unitClip, to: share, in: &builder)
                    positive = scale(clipped, largest, in: &builder, as: isLast ? part : nil)
                }
            }
            return isLast ? positive : subtract(slope, below: threshold, from: positive, in: &builder)
        }

        /// `relu(x) + alpha · (elu(x) − relu(x))`.
        mutating func exponentialUnit(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let alpha = try options.number(["alpha"], default: 1)
            guard alpha != 1 else { return apply(.elu, to: input, in: &builder, as: part) }
            let positive = apply(.relu, to: input, in: &builder)
            let both = apply(.elu, to: input, in: &builder)
            return combine(
                .add, [scale(positive, 1 - alpha, in: &builder), scale(both, alpha, in: &builder)], in: &builder,
                as: part)
        }

        /// `relu(x − t) − relu(−x − t)`.
        mutating func softShrink(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let threshold = try options.number(["threshold"], default: 0.5)
            let above = apply(.relu, to: scale(input, 1, -threshold, in: &builder), in: &builder)
            let below = apply(.relu, to: scale(input, -1, -threshold, in: &builder), in: &builder)
            return combine(.add, [above, scale(below, -1, in: &builder)], in: &builder, as: part)
        }

        /// `x` where it is farther from 0 than t, else 0.
        mutating func hardShrink(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let threshold = try options.number(["threshold"], default: 0.5)
            guard threshold >= 0 else { throw call.unsupported("\"threshold\" is \(threshold)") }
            let size = apply(.absolute, to: input, in: &builder)
            let step = apply(.step, to: scale(size, 1, -threshold, in: &builder), in: &builder)
            return combine(.multiply, [input, step], in: &builder, as: part)
        }

        /// `x` above a threshold, else a number of its own.
        mutating func threshold(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            guard try options.value(["threshold"], at: 0) != nil, try options.value(["default_value"], at: 1) != nil
            else { throw call.unsupported("the activation \"threshold\" without its numbers") }
            let threshold = try options.number(["threshold"], default: 0)
            let other = try options.number(["default_value"], at: 1, default: 0)
            let step = apply(.step, to: scale(input, 1, -threshold, in: &builder), in: &builder)
            let shown = combine(.multiply, [input, step], in: &builder)
            return combine(.add, [shown, scale(step, -other, other, in: &builder)], in: &builder, as: part)
        }

        /// 0 below −1, `x` above 1, `(x + 1)² / 4` between.
        mutating func sparsePlus(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let share = apply(.unitClip, to: scale(input, 0.5, 0.5, in: &builder), in: &builder)
            let square = apply(.square, to: share, in: &builder)
            let above = apply(.relu, to: scale(input, 1, -1, in: &builder), in: &builder)
            return combine(.add, [square, above], in: &builder, as: part)
        }

        /// The first half of the columns times the sigmoid of the second.
        mutating func gatedUnit(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
            let axis = try options.value(["axis"], at: 0) ?? .integer(-1)
            guard input.axes.last == .width, axis == .integer(-1) || axis == .integer(input.axes.count),
                input.width.isMultiple(of: 2)
            else { throw call.unsupported("gates \(input.shapeText) along axis \(axis.shortDescription)") }
            let half = input.width / 2
            let first = builder.add(
                .slice(Slice(axis: .width, start: 0, count: half)), [input.name], to: call, part: step())
            let second = builder.add(
                .slice(Slice(axis: .width, start: half, count: half)), [input.name], to: call, part: step())
            var result = input
            result.width = half
            result.isInteger = false
            result.name = builder.add(.gate(.sigmoid), [second, first], to: call, part: part)
            return result
        }
    }

    /// Shares that add up to 1 along an axis.
    private mutating func shared(
        _ input: LayerValue, _ function: Distribution.Function, _ options: ActivationOptions, part: String
    ) throws(Problem) -> LayerValue {
        let call = options.call, rank = input.axes.count
        let given = try options.value(["axis"], at: 0) ?? .integer(-1)
        let axes = given.arrayValue?.map(\.intValue) ?? [given.intValue]
        guard axes.count == 1, let number = axes[0] else {
            throw call.unsupported("shares along axes \(given.shortDescription)")
        }
        // Layers inside TimeDistributed do not see the axis of time.
        let axis = number < 0 ? number + rank : number - 1 + call.leadingAxes
        guard input.axes.indices.contains(axis) else {
            throw call.unsupported("shares along axis \(number) of \(input.shapeText)")
        }
        var result = input
        result.isInteger = false
        if axis == rank - 1, input.axes[axis] == .one { result.axes = input.axes.withWidth }
        if result.axes[axis] == .width {
            let operation: Operation = function == .softmax ? .softmax : .distribution(Distribution(function))
            result.name = add(operation, [input.name], to: call, part: part)
            return result
        }
        guard result.axes[axis].isRows, result.axes.filter(\.isRows).count == 1 else {
            guard input.extents[axis] == 1 || input.count != nil else {
                throw call.unsupported("shares along axis \(number) of \(input.shapeText)")
            }
            return try alongLast([axis], of: input, for: call) { value, builder throws(Problem) in
                var shares = value
                let operation: Operation = function == .softmax ? .softmax : .distribution(Distribution(function))
                shares.name = builder.add(operation, [value.name], to: call, part: part)
                return shares
            }
        }
        result.name = add(
            .distribution(Distribution(function, along: .rows)), [input.name], to: call, part: part)
        return result
    }
}
