import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Numbers along an axis divided by the root of their mean square.
enum RMSNormalizationLayer: KerasLayerClass {
    static let names = ["RMSNormalization"]
    static let options: Set<String>? = ["axis", "epsilon"]
    static let acceptsLeadingAxes = true

    static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", ["scale"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let normed = try NormedAxes(call), width = try normed.width()
        let norm = Norm(
            kind: .rms, width: width, epsilon: try call.number("epsilon", default: 1e-6), hasOffset: false)
        let scale = try builder.vector(of: call, number: 0, count: width)
        return [.tensor(try normed.replacing(by: .norm(norm), ["scale": scale], in: &builder))]
    }
}
