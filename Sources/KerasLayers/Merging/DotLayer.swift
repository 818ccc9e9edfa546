import JSON
import KerasGraphs
import ModelGraph
import Platform

/// Products of two tensors' rows along one axis of each.
enum DotLayer: KerasLayerClass {
    static let names = ["Dot"]
    static let options: Set<String>? = ["axes", "normalize"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let elements = call.arguments.flatMap(\.elements), inputs = elements.compactMap(\.tensor)
        guard inputs.count == 2, elements.count == 2 else {
            throw call.unsupported("multiplies \(elements.count) values")
        }
        let given = call.config["axes"] ?? .null
        let numbers = given.arrayValue?.map(\.intValue) ?? [given.intValue, given.intValue]
        guard numbers.count == 2 else { throw call.unsupported("\"axes\" is \(given.shortDescription)") }
        var sides: [Side] = []
        for (input, number) in zip(inputs, numbers) {
            let rank = input.axes.count
            // Keras counts the batch, and negative numbers from the end.
            guard let number, case let axis = number < 0 ? number + rank : number - 1, input.axes.indices.contains(axis)
            else { throw call.unsupported("\"axes\" is \(given.shortDescription)") }
            sides.append(Side(value: input.withoutMask, axis: axis))
        }
        if call.flag("normalize", default: false) {
            for index in sides.indices { try sides[index].normalize(call, part: "unit\(index)", in: &builder) }
        }
        return [.tensor(try product(sides[0], sides[1], call, &builder))]
    }

    /// A tensor and the axis that products run along.
    private struct Side {
        var value: LayerValue
        let axis: Int

        /// Whether products run along its rows' numbers.
        var isAlongWidth: Bool { axis == value.axes.count - 1 }

        mutating func normalize(
            _ call: LayerCall, part: String, in builder: inout KerasGraphBuilder
        ) throws(Problem) {
            guard let width = value.extents[axis] else {
                throw call.unsupported("normalises \(value.shapeText) along an axis whose length differs")
            }
            let operation = Operation.unitNorm(width: width, call)
            if isAlongWidth, value.axes[axis] == .width {
                value.name = builder.add(operation, [value.name], to: call, part: part)
                return
            }
            value = try builder.alongLast([axis], of: value, for: call) { (value, builder) throws(Problem) in
                var result = value
                result.name = builder.add(operation, [value.name], to: call, part: part)
                return result
            }
        }
    }

    private static func product(
        _ left: Side, _ right: Side, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let refusal = call.unsupported("products of \(left.value.shapeText) and \(right.value.shapeText)")
        // `[batch, n]` twice: one number a sequence.
        if left.value.axes.count == 1, right.value.axes.count == 1 {
            let a = try builder.row(left.value, for: call, part: "left")
            let b = try builder.row(right.value, for: call, part: "right")
            guard a.width == b.width else { throw refusal }
            return try multiplied(a, b, isTransposed: true, rows: .sequences, axes: [.width], call, &builder)
        }
        let a = try matrix(left, call, "left", &builder), b = try matrix(right, call, "right", &builder)
        // The first by rows; the second transposed where its rows are what it is multiplied along.
        let first =
            left.isAlongWidth || left.value.axes.count == 1 ? a : try builder.transposed(a, for: call, part: "left")
        let isTransposed = right.isAlongWidth || right.value.axes.count == 1
        var second = b
        let depth = isTransposed ? b.width : b.rows.fixedCount
        guard first.width == depth else { throw refusal }
        var result: LayerValue
        if isTransposed, b.rows.fixedCount == nil {
            throw call.unsupported(
                "products with the rows of \(b.shapeText), whose number differs between sequences")
        }
        second = builder.counted(second, for: call, part: "right_row")
        result = try multiplied(
            first, second, isTransposed: isTransposed, rows: first.rows, axes: first.axes, call, &builder)
        // A tensor without rows gives none.
        if left.value.axes.count == 1 { result.axes = [.width] }
        if right.value.axes.count == 1 { result.axes = Array(result.axes.dropLast()) }
        if result.axes.last != .width, result.width == 1, !result.axes.contains(.width) {
            return result
        }
        return result
    }

    private static func matrix(
        _ side: Side, _ call: LayerCall, _ part: String, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        if side.value.axes.count == 1 { return try builder.row(side.value, for: call, part: part) }
        guard side.value.axes.count == 2, side.value.axes.last == .width else {
            throw call.unsupported("multiplies a tensor \(side.value.shapeText)")
        }
        return side.value
    }

    private static func multiplied(
        _ left: LayerValue, _ right: LayerValue, isTransposed: Bool, rows: RowSpace, axes: [LayerValue.Axis],
        _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        var result = left
        result.isInteger = false
        result.rows = rows
        result.axes = axes
        result.width = isTransposed ? right.rows.fixedCount ?? 1 : right.width
        result.name = builder.add(
            .matrixProduct(MatrixProduct(isTransposed: isTransposed)), [left.name, right.name], to: call)
        return result
    }
}
