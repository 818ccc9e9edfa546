import KerasFiles
import KerasGraphs
import Platform

/// `tf.range(tf.shape(x)[1])`: the numbers of a tensor's rows.
enum RangeOperation: KerasOperation {
    static let functions = ["range", "rangev2", "arange"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        // Numbers that are all known; `range(0, n)` counts as `range(n)` does.
        let given = Arguments(call)
        if let known = given.known { return .array(known) }
        guard let end = given.counted else { throw call.unsupported("numbers that do not count the rows of a tensor") }
        guard case .extent(let value, let axis) = end, axis > 0,
            axis <= value.axes.count, value.axes[axis - 1].isRows
        else { throw call.unsupported("numbers that do not count the rows of a tensor") }
        return .positions(value)
    }
}

/// `range(limit)`, `range(start, limit, delta)`, in either release's spelling.
private struct Arguments {
    private let start: KerasValue
    private let stop: KerasValue
    private let step: KerasValue

    init(_ call: LayerCall) {
        let names = call.keywords
        let first = call.arguments.first ?? .none
        let limit = names["limit"] ?? names["stop"] ?? (call.arguments.count > 1 ? call.arguments[1] : .none)
        step = names["delta"] ?? names["step"] ?? (call.arguments.count > 2 ? call.arguments[2] : .none)
        if limit.isNone {
            stop = first.isNone ? names["start"] ?? .none : first
            start = .constant(.integer(0))
        } else {
            stop = limit
            start = first.isNone ? names["start"] ?? .constant(.integer(0)) : first
        }
    }

    /// The end of a count of all rows from 0; `nil` for other numbers.
    var counted: KerasValue? {
        guard start.integer == 0, step.isNone || step.integer == 1 else { return nil }
        return stop
    }

    /// The numbers, where no tensor's rows have to be counted.
    var known: ConstantArray? {
        if counted != nil, case .extent = stop { return nil }
        guard let first = start.integer, let last = stop.integer, let by = step.isNone ? 1 : step.integer, by != 0,
            abs(last - first) / abs(by) < ConstantArray.largestCount
        else { return nil }
        let numbers = Array(stride(from: first, to: last, by: by))
        guard !numbers.isEmpty else { return nil }
        return ConstantArray(shape: [numbers.count], values: numbers.map(Double.init), isInteger: true)
    }
}
