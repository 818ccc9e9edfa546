import KerasGraphs
import Platform

/// `tf.shape(x)`: the extents of a tensor, known without computing anything.
enum ShapeOperation: KerasOperation {
    static let functions = ["shape"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        .shape(try call.input())
    }
}
