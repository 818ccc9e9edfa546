import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Mean and variance of one axis, or of several together, taken out.
enum LayerNormalizationLayer: KerasLayerClass {
    static let names = ["LayerNormalization"]
    static let options: Set<String>? = ["axis", "epsilon", "center", "scale", "rms_scaling"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let scale = layer.flag("scale", default: true), center = layer.flag("center", default: true)
        let names = (scale ? ["gamma"] : []) + (center ? ["beta"] : [])
        return names.isEmpty ? [] : [VariableGroup("", names)]
    }

    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["rms_scaling"])
        let normed = try NormedAxes(call), width = try normed.width()
        let hasScale = call.flag("scale", default: true), hasOffset = call.flag("center", default: true)
        var parameters: [String: ParameterSource] = [:]
        if hasScale {
            parameters["scale"] = try builder.vector(of: call, number: 0, count: width)
        } else {
            // A norm without a factor of its own multiplies by 1.
            parameters["scale"] = .ones(width)
        }
        if hasOffset { parameters["offset"] = try builder.vector(of: call, number: hasScale ? 1 : 0, count: width) }
        let norm = Norm(
            kind: .layer, width: width, epsilon: try call.number("epsilon", default: 1e-3), hasOffset: hasOffset)
        return [.tensor(try normed.replacing(by: .norm(norm), parameters, in: &builder))]
    }
}
