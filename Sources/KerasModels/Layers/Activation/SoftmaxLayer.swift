import JSON
import Platform

/// The softmax of each row.
enum SoftmaxLayer: KerasLayerClass {
    static let names = ["Softmax"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        if let axis = call.config["axis"], axis != .integer(-1), axis != .integer(input.axes.count) {
            throw call.unsupported("softmax along axis \(axis.shortDescription)")
        }
        return [.tensor(try builder.activated(input, by: .string("softmax"), for: call, part: ""))]
    }
}
