import JSON
import KerasFiles
import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// One number a row out of a tensor whose numbers lie side by side, `[batch, n]` or `[batch, 1, n]`.
    package mutating func column(_ value: LayerValue, for call: LayerCall, part: String) throws(Problem) -> LayerValue {
        if value.isColumn || value.width == 1 && value.rows != .sequences { return value }
        guard value.rows == .sequences || value.rows == .count(1) else {
            throw call.unsupported("a tensor \(value.shapeText) is no single row of numbers")
        }
        var result = value
        result.name = add(
            .rearrange(Rearrangement(extents: [value.width], rows: value.width)), [value.name], to: call, part: part)
        result.rows = .count(value.width)
        result.axes = value.axes.map { $0 == .width ? .rows(value.width) : $0 }
        result.width = 1
        return result
    }

    /// Numbers along the last axis of rows side by side: `[batch, n]` as one row a sequence.
    package mutating func row(_ value: LayerValue, for call: LayerCall, part: String) throws(Problem) -> LayerValue {
        guard value.isColumn, let last = value.axes.last else { return value }
        guard let count = value.count else {
            throw call.unsupported("\(value.shapeText) differs in length between sequences and cannot be one row")
        }
        var result = value
        let width = last == .one ? 1 : value.extents.last.flatMap { $0 } ?? count
        let rows = count / max(width, 1)
        if value.rows != .sequences {
            result.name = add(
                .rearrange(Rearrangement(extents: [count], rows: rows == 1 ? nil : rows)), [value.name], to: call,
                part: part)
        }
        result.rows = rows == 1 ? .sequences : .count(rows)
        result.axes[result.axes.count - 1] = .width
        if rows == 1 { result.axes = value.axes.indices.map { $0 == value.axes.count - 1 ? .width : .one } }
        result.width = width
        return result
    }

    /// Adds an operation over several tensors elementwise, with Keras's rules for axes of extent 1.
    package mutating func combine(
        _ operation: Operation, _ values: [LayerValue], for call: LayerCall, part: String = ""
    ) throws(Problem) -> LayerValue {
        guard var result = values.first, values.count >= 2 else { throw call.corrupt("needs two or more inputs") }
        var values = values
        // A single row stands for as many as another value has.
        if values.contains(where: { resolved($0.rows) == .count(1) }),
            values.contains(where: { $0.rows != .sequences && resolved($0.rows) != .count(1) })
        {
            for index in values.indices { values[index] = squeezed(values[index], for: call) }
        }
        // Numbers that lie along rows in one tensor and side by side in another: along rows they can meet.
        let rank = values.map(\.axes.count).max() ?? 0
        if values.contains(where: \.isColumn), values.contains(where: { !$0.isColumn && $0.axes.count == rank }),
            !values.allSatisfy({ $0.width == 1 })
        {
            for index in values.indices {
                values[index] = try row(values[index], for: call, part: "row\(index)")
            }
        }
        result = values[0].widened(to: rank)
        for value in values.dropFirst() {
            let value = value.widened(to: rank)
            guard value.rows == .sequences || result.rows == .sequences || unify(value.rows, result.rows),
                value.width == result.width || value.width == 1 || result.width == 1
            else { throw call.unsupported("tensors \(result.shapeText) and \(value.shapeText) do not go together") }
            for (axis, (left, right)) in zip(result.axes, value.axes).enumerated() {
                switch (left, right) {
                case (_, .one): break
                case (.one, _): result.axes[axis] = right
                case (.rows(let one), .rows(let other)):
                    guard one == other || one == nil || other == nil else {
                        throw call.unsupported("tensors of \(result.shapeText) and \(value.shapeText)")
                    }
                case (.width, .width): break
                default: throw call.unsupported("tensors of \(result.shapeText) and \(value.shapeText)")
                }
            }
            if result.rows == .sequences { result.rows = value.rows }
            result.width = max(result.width, value.width)
        }
        // Rows along one axis in one tensor and along another one in the other do not meet row by row.
        for value in values where value.rows != .sequences {
            let own = value.widened(to: rank).axes
            guard own.indices.allSatisfy({ own[$0].isRows == result.axes[$0].isRows }) else {
                throw call.unsupported(
                    "tensors of \(values.map(\.shapeText).joined(separator: " and ")), each row with each other one")
            }
        }
        result.hasBatch = values.contains(where: \.hasBatch)
        result.isInteger = values.allSatisfy(\.isInteger)
        result.mask = nil
        result.name = add(operation, values.map(\.name), to: call, part: part)
        return result
    }

    /// One tensor less another.
    package mutating func difference(
        _ left: LayerValue, _ right: LayerValue, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let negative = scaled(right, factor: -1, shift: 0, for: call, part: "negative")
        return try combine(.add, [left, negative], for: call)
    }

    /// A mask that shows what all of some masks show; `nil` when there are none.
    package mutating func common(_ masks: [String], for call: LayerCall, part: String) -> String? {
        var distinct: [String] = []
        for mask in masks where !distinct.contains(mask) { distinct.append(mask) }
        guard distinct.count > 1 else { return distinct.first }
        return add(.multiply, distinct, to: call, part: part)
    }

    /// A value with the same shape and mask from one operation.
    package mutating func replacing(
        _ input: LayerValue, _ operation: Operation, for call: LayerCall, _ parameters: [String: ParameterSource] = [:]
    ) -> LayerValue {
        var result = input
        result.isInteger = false
        result.name = add(operation, [input.name], to: call, parameters)
        return result
    }

    /// A factor and an offset of all numbers.
    package mutating func scaled(
        _ value: LayerValue, factor: Float, shift: Float, for call: LayerCall, part: String = ""
    ) -> LayerValue {
        var result = value
        result.isInteger = false
        result.name = add(
            .affine(Affine(width: value.width, factor: factor, shift: shift)), [value.name], to: call, part: part)
        return result
    }
}

extension LayerValue {
    /// With axes of extent 1 in front until there are so many.
    fileprivate func widened(to rank: Int) -> LayerValue {
        var result = self
        result.axes = [Axis](repeating: .one, count: max(0, rank - axes.count)) + axes
        return result
    }
}
