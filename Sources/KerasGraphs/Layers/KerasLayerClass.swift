import KerasFiles
import Platform

/// What the layers of one Keras class, or of several alike, compute and own.
///
/// A new class is a file with a type that conforms, and a line in `BuiltInLayers`:
///
///     /// `x · scale` with one learned number a column.
///     enum ScaleLayer: KerasLayerClass {
///         static let names = ["LayerScale"]
///         static let options: Set<String>? = ["some_option"]
///
///         static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", ["gamma"])] }
///
///         static func apply(
///             _ call: LayerCall, in builder: inout KerasGraphBuilder
///         ) throws(Problem) -> [KerasValue] {
///             try call.refuse(["some_option"])
///             let input = try call.input()
///             let scale = try builder.vector(of: call, number: 0, count: input.width)
///             let affine = Affine(width: input.width, hasScale: true)
///             return [.tensor(builder.replacing(input, .affine(affine), for: call, ["scale": scale]))]
///         }
///     }
///
/// Whatever of a configuration could change the result is used or refused; nothing is left to chance.
package protocol KerasLayerClass: Sendable {
    /// Names under which configurations know it, packages included: `Dense`, `Text>OnDeviceEmbedding`.
    static var names: [String] { get }

    /// Variables of a layer in the order in which Keras creates them; none unless a class says otherwise.
    ///
    /// It is asked before anything stored is known: only the configuration decides.
    static func variables(of layer: KerasLayer) -> [VariableGroup]

    /// Keys of the configuration that it uses. All others are refused, but those that change no result (`HarmlessKeys`)
    /// and those that are null or false; `nil`: the class sees to that itself.
    static var options: Set<String>? { get }

    /// Whether calls see constants as they are; otherwise a constant is a tensor like any other.
    static var takesConstants: Bool { get }

    /// Whether calls see attention maps as what they are; otherwise they are a tensor like any other.
    static var takesMaps: Bool { get }

    /// Whether a call may have axes that the layer does not see (`LayerCall.leadingAxes`): it then works at each of
    /// their places alike.
    static var acceptsLeadingAxes: Bool { get }

    /// Adds one call of a layer to the graph.
    ///
    /// - Returns: The results, one a tensor that the layer gives.
    /// - Throws: `unsupported` for what is not computed here, `corrupt` for what contradicts itself or its weights.
    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue]
}

extension KerasLayerClass {
    package static func variables(of layer: KerasLayer) -> [VariableGroup] { [] }
    package static var options: Set<String>? { nil }
    package static var takesConstants: Bool { false }
    package static var takesMaps: Bool { false }

    package static var acceptsLeadingAxes: Bool { false }
}
