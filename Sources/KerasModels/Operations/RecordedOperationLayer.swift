import Platform

/// An operation on tensors that Keras recorded as a layer: `x + y`, `x[:, 0]`, `tf.range(tf.shape(x)[1])`.
enum RecordedOperationLayer: KerasLayerClass {
    static let takesConstants = true
    static let names = ["TFOpLambda", "SlicingOpLambda"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        guard let operation = BuiltInOperations.named(call.functionName) else {
            throw call.unsupported("the operation \"\(call.functionName.printable)\" is not known")
        }
        if let known = try ConstantOperation.value(of: call) { return [known] }
        return [try operation.apply(call, in: &builder)]
    }
}
