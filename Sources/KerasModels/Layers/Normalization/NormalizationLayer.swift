import ArchitectureSpecs
import ModelGraph
import Platform
import Tensors

/// Inputs brought to mean 0 and variance 1 by what was counted before training.
enum NormalizationLayer: KerasLayerClass {
    static let names = ["Normalization"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let names = layer.has("mean") ? [] : ["mean", "variance", "count"]
        return names.isEmpty ? [] : [VariableGroup("", names.map { .init($0, isTrainable: false) })]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["invert"])
        let normed = try NormedAxes(call), input = normed.input, width = input.width
        guard normed.isWidth else { throw call.unsupported("normalises another axis than the last of \(input.shapeText)") }
        guard !call.has("mean") else { throw call.unsupported("mean and variance given in the configuration") }
        let mean = try builder.stored(of: call, number: 0, count: width)
        let variance = try builder.stored(of: call, number: 1, count: width)
        builder.ignore(Array(builder.variables.tensors(of: call.path).dropFirst(2)))
        let names = [mean.name, variance.name]
        // Keras keeps the divisor above 1e-7.
        @Sendable func divisor(_ variance: Float) -> Float { max(variance.squareRoot(), 1e-7) }
        let scale = ParameterSources.Computation(names: names, shape: [width]) { tensors in
            Tensor(tensors[1].floats.map { 1 / divisor($0) }, shape: [width])
        }
        let offset = ParameterSources.Computation(names: names, shape: [width]) { tensors in
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
