import Platform

/// `tf.range(tf.shape(x)[1])`: the numbers of a tensor's rows.
enum RangeOperation: KerasOperation {
    static let functions = ["range", "rangev2", "arange"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        guard case .extent(let value, let axis) = call.arguments.last ?? .none, call.arguments.count == 1, axis > 0,
            axis <= value.axes.count, value.axes[axis - 1].isRows
        else { throw call.unsupported("numbers that do not count the rows of a tensor") }
        return .positions(value)
    }
}
