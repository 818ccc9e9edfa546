import JSON
import ModelGraph
import Platform

/// What the layers of one class, or of several alike, compute and own.
///
/// A new class is a type that conforms, and its entry in `KerasLayerClasses`.
protocol KerasLayerClass: Sendable {
    /// Names under which configurations know it.
    static var names: [String] { get }

    /// Variables of a layer in the order in which Keras creates them.
    static func places(of layer: KerasLayer) -> [VariablePlace]

    /// Adds one call of a layer to the graph.
    ///
    /// - Returns: The results, one a tensor that the layer gives.
    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue]
}

extension KerasLayerClass {
    static func places(of layer: KerasLayer) -> [VariablePlace] { [] }
}
