import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Tensors

/// Mean and variance of the last axis taken out.
enum LayerNormalizationLayer: KerasLayerClass {
    static let names = ["LayerNormalization"]

    static func places(of layer: KerasLayer) -> [VariablePlace] {
        let scale = layer.config["scale"]?.boolValue ?? true, center = layer.config["center"]?.boolValue ?? true
        let names = (scale ? ["gamma"] : []) + (center ? ["beta"] : [])
        return names.isEmpty ? [] : [VariablePlace("", names)]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["rms_scaling"])
        let input = try call.normalized(), width = input.width
        let hasScale = call.flag("scale", default: true), hasOffset = call.flag("center", default: true)
        var parameters: [String: ParameterSource] = [:]
        if hasScale {
            parameters["scale"] = try builder.vector(of: call, number: 0, count: width)
        } else {
            // A norm without a factor of its own multiplies by 1.
            parameters["scale"] = .computed(.init(names: [], shape: [width]) { _ in .ones(width) })
        }
        if hasOffset { parameters["offset"] = try builder.vector(of: call, number: hasScale ? 1 : 0, count: width) }
        let norm = Norm(
            kind: .layer, width: width, epsilon: try call.number("epsilon", default: 1e-3), hasOffset: hasOffset)
        return [.tensor(builder.replacing(input, .norm(norm), for: call, parameters))]
    }
}

/// Each row divided by the root of its mean square.
enum RMSNormalizationLayer: KerasLayerClass {
    static let names = ["RMSNormalization"]

    static func places(of layer: KerasLayer) -> [VariablePlace] { [VariablePlace("", ["scale"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.normalized()
        let norm = Norm(
            kind: .rms, width: input.width, epsilon: try call.number("epsilon", default: 1e-6), hasOffset: false)
        let scale = try builder.vector(of: call, number: 0, count: input.width)
        return [.tensor(builder.replacing(input, .norm(norm), for: call, ["scale": scale]))]
    }
}

/// What training has learned of each column's mean and variance taken out: a factor and an offset a column.
enum BatchNormalizationLayer: KerasLayerClass {
    static let names = ["BatchNormalization", "BatchNormalizationV1", "SyncBatchNormalization"]

    static func places(of layer: KerasLayer) -> [VariablePlace] {
        let scale = layer.config["scale"]?.boolValue ?? true, center = layer.config["center"]?.boolValue ?? true
        let trained = (scale ? ["gamma"] : []) + (center ? ["beta"] : [])
        return [
            VariablePlace(
                "",
                trained.map { .init($0) } + ["moving_mean", "moving_variance"].map { .init($0, isTrainable: false) })
        ]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.normalized(), width = input.width
        let hasGamma = call.flag("scale", default: true), hasBeta = call.flag("center", default: true)
        let epsilon = try call.number("epsilon", default: 1e-3)
        let first = (hasGamma ? 1 : 0) + (hasBeta ? 1 : 0)
        let mean = try builder.stored(of: call, number: first, count: width)
        let variance = try builder.stored(of: call, number: first + 1, count: width)
        let gamma = hasGamma ? try builder.stored(of: call, number: 0, count: width) : nil
        let beta = hasBeta ? try builder.stored(of: call, number: hasGamma ? 1 : 0, count: width) : nil
        let names = [mean.name, variance.name] + [gamma, beta].compactMap { $0?.name }
        @Sendable func factor(_ tensors: [[Float]], _ column: Int) -> Float {
            (hasGamma ? tensors[2][column] : 1) / (tensors[1][column] + epsilon).squareRoot()
        }
        let scale = TensorPlaces.Computation(names: names, shape: [width]) { tensors in
            let values = tensors.map(\.floats)
            return Tensor((0..<width).map { factor(values, $0) }, shape: [width])
        }
        let offset = TensorPlaces.Computation(names: names, shape: [width]) { tensors in
            let values = tensors.map(\.floats)
            return Tensor(
                (0..<width).map { column in
                    (hasBeta ? values[hasGamma ? 3 : 2][column] : 0) - values[0][column] * factor(values, column)
                }, shape: [width])
        }
        let affine = Affine(width: width, hasScale: true, hasOffset: true)
        return [
            .tensor(
                builder.replacing(
                    input, .affine(affine), for: call, ["scale": .computed(scale), "offset": .computed(offset)]))
        ]
    }
}

/// Inputs brought to mean 0 and variance 1 by what was counted before training.
enum NormalizationLayer: KerasLayerClass {
    static let names = ["Normalization"]

    static func places(of layer: KerasLayer) -> [VariablePlace] {
        let names = layer.config["mean"].map { !$0.isNull } ?? false ? [] : ["mean", "variance", "count"]
        return names.isEmpty ? [] : [VariablePlace("", names.map { .init($0, isTrainable: false) })]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["invert"])
        let input = try call.normalized(), width = input.width
        let isInConfig = call.config["mean"].map { !$0.isNull } ?? false
        guard !isInConfig else { throw call.unsupported("mean and variance given in the configuration") }
        let mean = try builder.stored(of: call, number: 0, count: width)
        let variance = try builder.stored(of: call, number: 1, count: width)
        builder.spare(Array(builder.variables.tensors(of: call.path).dropFirst(2)))
        let names = [mean.name, variance.name]
        // Keras keeps the divisor above 1e-7.
        @Sendable func divisor(_ variance: Float) -> Float { max(variance.squareRoot(), 1e-7) }
        let scale = TensorPlaces.Computation(names: names, shape: [width]) { tensors in
            Tensor(tensors[1].floats.map { 1 / divisor($0) }, shape: [width])
        }
        let offset = TensorPlaces.Computation(names: names, shape: [width]) { tensors in
            Tensor(zip(tensors[0].floats, tensors[1].floats).map { -$0 / divisor($1) }, shape: [width])
        }
        let affine = Affine(width: width, hasScale: true, hasOffset: true)
        return [
            .tensor(
                builder.replacing(
                    input, .affine(affine), for: call, ["scale": .computed(scale), "offset": .computed(offset)]))
        ]
    }
}

/// `x · scale + offset` with numbers of the configuration.
enum RescalingLayer: KerasLayerClass {
    static let names = ["Rescaling"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let factor = try call.number("scale", default: 1), shift = try call.number("offset", default: 0)
        return [.tensor(builder.scaled(try call.input(), factor: factor, shift: shift, for: call))]
    }
}

extension LayerCall {
    /// The input of a norm over the last axis.
    fileprivate func normalized() throws(Problem) -> LayerValue {
        let input = try input()
        let axis = config["axis"] ?? .integer(-1)
        let axes = axis.arrayValue?.map(\.intValue) ?? [axis.intValue]
        guard input.axes.last == .width, axes == [-1] || axes == [input.axes.count] else {
            throw unsupported("normalises axis \(axis.shortDescription) of \(input.shapeText)")
        }
        return input
    }
}

extension KerasGraphBuilder {
    /// A value with the same shape and mask from one operation.
    mutating func replacing(
        _ input: LayerValue, _ operation: Operation, for call: LayerCall, _ parameters: [String: ParameterSource] = [:]
    ) -> LayerValue {
        var result = input
        result.isInteger = false
        result.name = add(operation, [input.name], to: call, parameters)
        return result
    }
}

extension Tensor {
    fileprivate static func ones(_ count: Int) -> Tensor {
        Tensor([Float](repeating: 1, count: count), shape: [count])
    }
}
