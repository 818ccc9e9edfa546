import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Inputs brought to mean 0 and variance 1 by what was counted before training, or by what the configuration says; the
/// other way round where it is inverted.
enum NormalizationLayer: KerasLayerClass {
    static let names = ["Normalization"]
    static let options: Set<String>? = ["axis", "mean", "variance", "invert"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let names = layer.has("mean") ? [] : ["mean", "variance", "count"]
        return names.isEmpty ? [] : [VariableGroup("", names.map { .init($0, isTrainable: false) })]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        let kept = try keptAxes(call, input)
        let extents = builder.extents(of: input)
        var shape: [Int] = []
        for axis in kept {
            guard let extent = extents[axis] else { throw call.unsupported("normalises an axis of unknown length") }
            shape.append(extent)
        }
        let statistics = try Statistics(call, shape: shape, builder)
        builder.ignore(statistics.unused)
        let isInverted = call.flag("invert", default: false)
        // Keras keeps the divisor above 1e-7.
        @Sendable func divisor(_ variance: Float) -> Float { max(variance.squareRoot(), 1e-7) }
        let scale = statistics.computation { _, variance in isInverted ? divisor(variance) : 1 / divisor(variance) }
        let offset = statistics.computation { mean, variance in isInverted ? mean : -mean / divisor(variance) }
        return [.tensor(try scaled(input, kept, extents, scale: scale, offset: offset, call, &builder))]
    }

    /// Axes behind the batch that have a mean of their own each, in order.
    private static func keptAxes(_ call: LayerCall, _ input: LayerValue) throws(Problem) -> [Int] {
        let given = call.config["axis"] ?? .integer(-1)
        let listed = given.isNull ? [] : given.arrayValue ?? [given]
        var result: [Int] = []
        for axis in listed {
            guard let number = axis.boundedInteger else { throw call.corrupt("\"axis\" is \(given.shortDescription)") }
            let index = number < 0 ? number + input.axes.count : number - 1
            guard input.axes.indices.contains(index) else {
                throw call.unsupported("normalises axis \(given.shortDescription) of \(input.shapeText)")
            }
            result.append(index)
        }
        return result.sorted()
    }

    /// `x · scale + offset`, each with one number for each place of the kept axes.
    private static func scaled(
        _ input: LayerValue, _ kept: [Int], _ extents: [Int?], scale: ParameterSources.Computation,
        offset: ParameterSources.Computation, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let solid = kept.filter { extents[$0] != 1 }
        var width = input.width
        var value = input
        if input.isColumn { (value, width) = (input, 1) }
        let last = input.axes.count - 1
        if solid.isEmpty || solid == [last] && input.axes.last == .width {
            let affine = Affine(width: width, hasScale: true, hasOffset: true)
            return builder.replacing(
                value, .affine(affine), for: call,
                ["scale": .computed(scale.spread(to: [width])), "offset": .computed(offset.spread(to: [width]))])
        }
        // A mean for each row: tables beside the rows.
        guard let count = builder.resolved(input.rows).fixedCount, input.rows != .sequences else {
            throw call.unsupported("normalises axes of \(input.shapeText)")
        }
        let known = extents.compactMap { $0 }
        guard known.count == extents.count else { throw call.unsupported("normalises axes of \(input.shapeText)") }
        let table = Table(count: count, width: width, isAlongInput: false)
        let factors = builder.addOwned(
            .table(table), [], to: call, part: "scale", ["rows": .computed(scale.laid(known, kept, [count, width]))])
        let summands = builder.addOwned(
            .table(table), [], to: call, part: "offset", ["rows": .computed(offset.laid(known, kept, [count, width]))])
        var result = input
        result.isInteger = false
        result.name = builder.add(.multiply, [input.name, factors], to: call, part: "scaled")
        result.name = builder.add(.add, [result.name, summands], to: call)
        return result
    }

    /// Mean and variance, stored or in the configuration.
    private struct Statistics {
        private let names: [String]
        private let known: (mean: [Float], variance: [Float])?
        private let count: Int
        /// How much was counted: results do not depend on it.
        let unused: [StoredTensor]

        init(_ call: LayerCall, shape: [Int], _ builder: KerasGraphBuilder) throws(Problem) {
            count = shape.reduce(1, *)
            guard call.has("mean") == call.has("variance") else {
                throw call.corrupt("one of \"mean\" and \"variance\" is set, and not the other")
            }
            guard call.has("mean") else {
                let mean = try builder.stored(of: call, number: 0, count: count)
                let variance = try builder.stored(of: call, number: 1, count: count)
                names = [mean.name, variance.name]
                unused = Array(builder.variables.tensors(of: call.path).dropFirst(2))
                known = nil
                return
            }
            names = []
            unused = []
            var lists: [[Float]] = []
            for key in ["mean", "variance"] {
                guard let array = call.config[key].flatMap({ ConstantArray($0) }) else {
                    throw call.corrupt("\"\(key)\" is \(call.config[key]?.shortDescription ?? "missing")")
                }
                let trimmed =
                    array.shape.first == 1 && array.shape.count > shape.count
                    ? array.reshaped(Array(array.shape.suffix(max(shape.count, 0)))) ?? array : array
                guard let spread = trimmed.broadcast(to: shape) ?? (array.values.count == count ? array : nil) else {
                    throw call.corrupt("\"\(key)\" has shape \(array.shapeText), expected \(shape)")
                }
                lists.append(spread.values.map { Float($0) })
            }
            known = (lists[0], lists[1])
        }

        /// A number for each mean and variance.
        func computation(_ body: @escaping @Sendable (Float, Float) -> Float) -> ParameterSources.Computation {
            let known = known, count = count
            return .init(names: names, shape: [count]) { tensors in
                let mean = known?.mean ?? tensors[0].floats, variance = known?.variance ?? tensors[1].floats
                return Tensor(zip(mean, variance).map(body), shape: [count])
            }
        }
    }
}

extension ParameterSources.Computation {
    /// The result, a single number repeated.
    fileprivate func spread(to shape: Shape) -> Self {
        .init(names: names, shape: shape) { [make] tensors in
            make(tensors).map { made in
                let values = made.floats
                return values.count == 1
                    ? Tensor([Float](repeating: values[0], count: shape.count), shape: shape)
                    : Tensor(values, shape: shape)
            }
        }
    }

    /// The result laid out over an array: each element has the number of its place along the kept axes.
    fileprivate func laid(_ extents: [Int], _ kept: [Int], _ shape: Shape) -> Self {
        .init(names: names, shape: shape) { [make] tensors in
            guard let made = make(tensors) else { return nil }
            let array = ConstantArray(
                shape: extents.indices.map { kept.contains($0) ? extents[$0] : 1 }, values: made.floats.map(Double.init)
            )
            return array.broadcast(to: extents).map { Tensor($0.values.map { Float($0) }, shape: shape) }
        }
    }
}
