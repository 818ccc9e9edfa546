import ModelGraph
import Platform

/// Each row divided by the root of its mean square.
enum RMSNormalizationLayer: KerasLayerClass {
    static let names = ["RMSNormalization"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", ["scale"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.normalized()
        let norm = Norm(
            kind: .rms, width: input.width, epsilon: try call.number("epsilon", default: 1e-6), hasOffset: false)
        let scale = try builder.vector(of: call, number: 0, count: input.width)
        return [.tensor(builder.replacing(input, .norm(norm), for: call, ["scale": scale]))]
    }
}
