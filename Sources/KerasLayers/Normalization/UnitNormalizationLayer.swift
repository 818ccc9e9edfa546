import KerasGraphs
import ModelGraph
import Platform

/// Numbers along an axis divided by the root of the sum of their squares.
enum UnitNormalizationLayer: KerasLayerClass {
    static let names = ["UnitNormalization"]
    static let options: Set<String>? = ["axis"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let normed = try NormedAxes(call)
        return [.tensor(try normed.replacing(by: .unitNorm(width: try normed.width(), call), in: &builder))]
    }
}

extension Operation {
    /// Rows of length 1 as Keras makes them: its third release keeps the length above 10⁻¹², the second its square.
    static func unitNorm(width: Int, _ call: LayerCall) -> Operation {
        .norm(Norm(kind: .unit, width: width, epsilon: call.generation == .keras2 ? 1e-12 : 1e-24, hasOffset: false))
    }
}
