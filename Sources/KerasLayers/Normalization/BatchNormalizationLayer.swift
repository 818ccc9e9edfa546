import ArchitectureSpecs
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// What training has learned of each column's mean and variance taken out: a factor and an offset a column.
enum BatchNormalizationLayer: KerasLayerClass {
    static let names = ["BatchNormalization", "BatchNormalizationV1", "SyncBatchNormalization"]
    static let options: Set<String>? = ["axis", "epsilon", "center", "scale", "renorm"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let scale = layer.flag("scale", default: true), center = layer.flag("center", default: true)
        let trained = (scale ? ["gamma"] : []) + (center ? ["beta"] : [])
        return [
            VariableGroup(
                "",
                trained.map { .init($0) } + ["moving_mean", "moving_variance"].map { .init($0, isTrainable: false) })
        ]
    }

    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["renorm"])
        let normed = try NormedAxes(call), width = try normed.width()
        guard normed.axes.count == 1 else { throw call.unsupported("normalises \(normed.axes.count) axes") }
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
        let scale = ParameterSources.Computation(names: names, shape: [width]) { tensors in
            let values = tensors.map(\.floats)
            return Tensor((0..<width).map { factor(values, $0) }, shape: [width])
        }
        let offset = ParameterSources.Computation(names: names, shape: [width]) { tensors in
            let values = tensors.map(\.floats)
            return Tensor(
                (0..<width).map { column in
                    (hasBeta ? values[hasGamma ? 3 : 2][column] : 0) - values[0][column] * factor(values, column)
                }, shape: [width])
        }
        let affine = Affine(width: width, hasScale: true, hasOffset: true)
        return [
            .tensor(
                try normed.replacing(
                    by: .affine(affine), ["scale": .computed(scale), "offset": .computed(offset)], in: &builder))
        ]
    }
}
