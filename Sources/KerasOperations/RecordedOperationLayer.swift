import KerasGraphs
import Platform

/// An operation on tensors that Keras recorded as a layer: `x + y`, `x[:, 0]`, `tf.range(tf.shape(x)[1])`.
package enum RecordedOperationLayer: KerasLayerClass {
    package static let takesConstants = true
    package static let names = ["TFOpLambda", "SlicingOpLambda"]

    package static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let operation = BuiltInOperations.named(call.functionName)
        // Functions of numbers take the numbers of rows as numbers; others know what they count.
        let call = operation?.computesNumbers ?? false ? builder.withNumbers(call) : call
        if let known = try ConstantOperation.value(of: call) { return [known] }
        guard let operation else {
            throw call.unsupported("the operation \"\(call.functionName.printable)\" is not known")
        }
        let value = try operation.apply(call, in: &builder)
        // A function that gives several tensors has as many results.
        if SplitOperation.functions.contains(call.functionName) { return value.elements }
        return [value]
    }
}
