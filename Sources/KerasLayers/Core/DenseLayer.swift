import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// `x · kernel + bias` over the last axis.
enum DenseLayer: KerasLayerClass {
    static let names = ["Dense"]
    static let options: Set<String>? = ["units", "activation", "use_bias", "lora_rank", "input_dim"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        [.kernel(hasBias: layer.flag("use_bias", default: true))]
    }

    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["lora_rank"])
        let units = try call.size("units"), hasBias = call.flag("use_bias", default: true)
        let input = try builder.row(try call.input(), for: call, part: "input")
        let matrix = try builder.matrix(
            of: call, contracted: [input.width], kept: [units], hasBias: hasBias)
        let rounded = builder.rounded(input, for: call, by: matrix.rounding, part: "input")
        var result = input
        result.isInteger = false
        result.width = units
        result.name = builder.add(
            .linear(Linear(inputWidth: input.width, outputWidth: units, hasBias: hasBias)), [rounded.name], to: call,
            matrix.parameters)
        return [.tensor(try builder.activated(result, by: call.config["activation"], for: call, part: "activation"))]
    }
}
