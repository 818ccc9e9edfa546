import KerasFiles
import KerasGraphs
import Platform

/// A layer or a model that is applied at each place of the first axis.
///
/// Most layers do the same to all places anyway; those that look at several axes are told that one more comes first.
package enum TimeDistributedLayer: KerasWrapperClass {
    package static let names = ["TimeDistributed"]
    package static let options: Set<String>? = ["layer"]

    package static func parts(of layer: KerasLayer) -> [KerasLayer] {
        layer.wrapped["layer"].map { [$0.part("layer", named: $0.name)] } ?? []
    }

    /// The interpreter runs what is inside: it may be a model.
    package static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        throw call.corrupt("\"layer\" is missing")
    }

    /// The call of the layer inside.
    package static func inner(of call: LayerCall) throws(Problem) -> LayerCall? {
        guard let part = parts(of: call.layer).first else { return nil }
        let input = try call.input()
        guard call.first.elements.count == 1 else { throw call.unsupported("applies a layer to several tensors") }
        guard input.axes.count > call.leadingAxes + 1 else {
            throw call.unsupported("applies a layer at each place of \(input.shapeText)")
        }
        var inner = LayerCall(
            layer: part, path: call.path + [part.name], node: "\(call.node)/\(part.name)",
            arguments: [.tensor(input.withoutMask)], keywords: [:], generation: call.generation)
        inner.leadingAxes = call.leadingAxes + 1
        return inner
    }
}
