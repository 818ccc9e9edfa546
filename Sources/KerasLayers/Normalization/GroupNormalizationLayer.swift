import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Mean and variance of groups of channels taken out, over all places of a sequence together.
enum GroupNormalizationLayer: KerasLayerClass {
    static let names = ["GroupNormalization"]
    static let options: Set<String>? = ["groups", "axis", "epsilon", "center", "scale"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let scale = layer.flag("scale", default: true), center = layer.flag("center", default: true)
        let names = (scale ? ["gamma"] : []) + (center ? ["beta"] : [])
        return names.isEmpty ? [] : [VariableGroup("", names)]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let normed = try NormedAxes(call), input = normed.input
        guard normed.isWidth else {
            throw call.unsupported("groups another axis than the last of \(input.shapeText)")
        }
        let extents = input.extents.compactMap { $0 }
        guard extents.count == input.axes.count else {
            throw call.unsupported("normalises \(input.shapeText), whose length differs between sequences")
        }
        // −1: each channel is a group of its own.
        let given = call.config["groups"]?.intValue ?? 32, groups = given == -1 ? input.width : given
        guard groups > 0, input.width.isMultiple(of: groups) else {
            throw call.corrupt("\(input.width) channels in \(given) groups")
        }
        let places = extents.dropLast().reduce(1, *), size = input.width / groups
        // Groups first, then the places and the group's channels side by side.
        let array = [places, groups, size]
        let value = builder.arranged(input, extents: array, order: [1, 0, 2], widthAxes: 2, for: call, part: "groups")
        let norm = Norm(
            kind: .layer, width: places * size, epsilon: try call.number("epsilon", default: 1e-3), hasOffset: false)
        var result = input
        result.isInteger = false
        let name = builder.add(
            .norm(norm), [value.name], to: call, part: "norm", ["scale": .ones(places * size)])
        result.name = builder.add(
            .rearrange(
                Rearrangement(
                    extents: [groups, places, size], order: [1, 0, 2],
                    rows: input.rows == .sequences ? nil : places)), [name], to: call, part: "back")

        let hasScale = call.flag("scale", default: true), hasOffset = call.flag("center", default: true)
        var parameters: [String: ParameterSource] = [:]
        if hasScale { parameters["scale"] = try builder.vector(of: call, number: 0, count: input.width) }
        if hasOffset {
            parameters["offset"] = try builder.vector(of: call, number: hasScale ? 1 : 0, count: input.width)
        }
        let affine = Affine(width: input.width, hasScale: hasScale, hasOffset: hasOffset)
        result.name = builder.add(.affine(affine), [result.name], to: call, parameters)
        return [.tensor(result)]
    }
}
