import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// `split(x, n, axis)`: parts of a tensor, one result each.
enum SplitOperation: KerasOperation {
    static let functions = ["split", "unstack"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input()
        let isUnstacking = call.functionName == "unstack"
        let given = call.keywords["axis"]?.integer ?? call.config["axis"]?.boundedInteger ?? 0
        let rank = input.axes.count + 1, axis = given < 0 ? given + rank : given
        guard (1..<rank).contains(axis), let extent = builder.extents(of: input)[axis - 1] else {
            throw call.unsupported("cuts \(input.shapeText) along axis \(given)")
        }
        var ends: [Int] = []
        let parts = call.operand(1, ["num_or_size_splits", "indices_or_sections"])
        let listed = parts.isNone ? call.config["indices_or_sections"].map(KerasValue.constant) ?? .none : parts
        if isUnstacking {
            guard extent <= 256 else { throw call.unsupported("\(extent) parts") }
            ends = (1...extent).map { $0 }
        } else if let count = listed.integer {
            guard (1...256).contains(count), extent.isMultiple(of: count) else {
                throw call.corrupt("cuts \(extent) into \(count) parts")
            }
            ends = (1...count).map { $0 * extent / count }
        } else if let array = listed.array, array.shape.count == 1 {
            let numbers = array.values.prefix(256).compactMap { Int(exactly: $0) }
            guard numbers.count == array.values.count, numbers.allSatisfy({ (0...GraphLimit.extent).contains($0) })
            else {
                throw call.unsupported("cuts \(input.shapeText) in a way that is not known")
            }
            // TensorFlow lists sizes, Keras places.
            let isSizes = call.keywords["num_or_size_splits"] != nil || call.layer.className == "TFOpLambda"
            ends = isSizes ? numbers.reduce(into: []) { $0.append(($0.last ?? 0) + $1) } : numbers + [extent]
        }
        guard !ends.isEmpty, ends.count <= 256, ends.last == extent, zip([0] + ends, ends).allSatisfy({ $0 < $1 })
        else {
            throw call.unsupported("cuts \(input.shapeText) in a way that is not known")
        }
        var results: [KerasValue] = []
        for (start, end) in zip([0] + ends, ends) {
            let key: KerasValue =
                isUnstacking
                ? .constant(.integer(start))
                : .slice(start: .constant(.integer(start)), stop: .constant(.integer(end)), step: .none)
            results.append(.tensor(try ItemOperation.part(of: input, along: axis, key, call, &builder)))
        }
        return .list(results)
    }
}

/// Axes or rows in another order: `swapaxes`, `moveaxis`, `flip`, `roll`, `repeat` along rows.
enum OrderOperation: KerasOperation {
    static let functions = ["swapaxes", "moveaxis", "flip", "reverse", "reversev2", "roll"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input().withoutMask
        let rank = input.axes.count + 1
        func number(_ position: Int, _ name: String) throws(Problem) -> Int {
            let given = call[position, name]
            let value = given.isNone ? call.config[name].map(KerasValue.constant) ?? .none : given
            let single: Int? =
                switch value {
                case .constant(.array(let list)) where list.count == 1: list[0].boundedInteger
                case .list(let list) where list.count == 1: list[0].integer
                default: value.integer
                }
            guard let single else { throw call.unsupported("\"\(name)\" is no single number") }
            return single
        }
        func axis(_ position: Int, _ name: String) throws(Problem) -> Int {
            let axis = try number(position, name)
            let index = axis < 0 ? axis + rank : axis
            guard (1..<rank).contains(index) else { throw call.unsupported("axis \(axis) of \(input.shapeText)") }
            return index
        }
        switch call.functionName {
        case "swapaxes":
            var order = Array(input.axes.indices)
            order.swapAt(try axis(1, "axis1") - 1, try axis(2, "axis2") - 1)
            return .tensor(try builder.permuted(input, order, for: call))
        case "moveaxis":
            var order = Array(input.axes.indices)
            let from = try axis(1, "source") - 1
            order.insert(order.remove(at: from), at: try axis(2, "destination") - 1)
            return .tensor(try builder.permuted(input, order, for: call))
        case "roll":
            let along = try axis(2, "axis"), extent = try known(input, along, call, builder)
            let shift = try number(1, "shift") % extent
            let first = ((extent - shift) % extent + extent) % extent
            guard first != 0 else { return .tensor(input) }
            let order = Array(first..<extent) + Array(0..<first)
            return .tensor(try taken(order, input, along, call, &builder))
        default:
            let along = try axis(1, "axis"), extent = try known(input, along, call, builder)
            return .tensor(try taken((0..<extent).reversed(), input, along, call, &builder))
        }
    }

    private static func known(
        _ input: LayerValue, _ axis: Int, _ call: LayerCall, _ builder: KerasGraphBuilder
    ) throws(Problem) -> Int {
        guard let extent = builder.extents(of: input)[axis - 1], extent <= 1 << 12 else {
            throw call.unsupported("another order of \(input.shapeText) along axis \(axis)")
        }
        return extent
    }

    /// Parts of a tensor in another order, some of them several times, neighbours taken together.
    static func taken(
        _ order: [Int], _ input: LayerValue, _ axis: Int, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        var ranges: [Range<Int>] = []
        for index in order {
            if let last = ranges.last, last.upperBound == index {
                ranges[ranges.count - 1] = last.lowerBound..<index + 1
            } else {
                ranges.append(index..<index + 1)
            }
        }
        var parts: [LayerValue] = []
        for range in ranges {
            let key = KerasValue.slice(
                start: .constant(.integer(range.lowerBound)), stop: .constant(.integer(range.upperBound)), step: .none)
            parts.append(try ItemOperation.part(of: input, along: axis, key, call, &builder))
        }
        return parts.count == 1 ? parts[0] : try builder.concatenated(parts, axis: axis, for: call)
    }
}

/// `clip(x, low, high)`.
enum ClipOperation: KerasOperation {
    static let functions = ["clip", "clipbyvalue"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        func bound(_ position: Int, _ names: [String]) -> KerasValue {
            let given = call.operand(position, names)
            return given.isNone ? names.compactMap { call.config[$0] }.first.map(KerasValue.constant) ?? .none : given
        }
        let input = try call.input().withoutMask
        let low = try builder.operands([.tensor(input), bound(1, ["x_min", "clip_value_min"])], for: call)
        let above = try builder.combine(.maximum, low, for: call, part: "above")
        let high = try builder.operands([.tensor(above), bound(2, ["x_max", "clip_value_max"])], for: call)
        return .tensor(try builder.combine(.minimum, high, for: call))
    }
}

/// `pad(x, [[0, 0], [1, 1], [0, 0]])` with one number.
enum PaddingOperation: KerasOperation {
    static let functions = ["pad", "padv2"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input().withoutMask
        let given = call.operand(1, ["paddings", "pad_width"])
        let widths = given.isNone ? call.config["pad_width"].map(KerasValue.constant) ?? .none : given
        let mode = (call.keywords["mode"]?.constant?.stringValue ?? call.config["mode"]?.stringValue ?? "constant")
            .lowercased()
        let number = call.keywords["constant_values"]?.array?.number ?? call.config["constant_values"]?.doubleValue ?? 0
        guard mode == "constant", let array = widths.array, array.shape == [input.axes.count + 1, 2],
            array.values[0] == 0, array.values[1] == 0
        else { throw call.unsupported("pads \(input.shapeText) in a way that is not known") }
        var result = input
        for axis in 1...input.axes.count {
            let sides = [Int(exactly: array.values[2 * axis]), Int(exactly: array.values[2 * axis + 1])]
            guard let before = sides[0], let after = sides[1], (0...GraphLimit.extent).contains(before),
                (0...GraphLimit.extent).contains(after)
            else {
                throw call.corrupt("pads with \(array.values) places")
            }
            guard before + after > 0 else { continue }
            var parts: [KerasValue] = []
            for (count, isFirst) in [(before, true), (after, false)] {
                if !isFirst { parts.append(.tensor(result)) }
                guard count > 0 else { continue }
                var shape: [Int] = [1]
                for (place, extent) in builder.extents(of: result).enumerated() {
                    guard let extent = place == axis - 1 ? count : extent else {
                        throw call.unsupported("pads \(input.shapeText), whose length differs")
                    }
                    shape.append(extent)
                }
                guard let filled = ConstantArray.filled(number, shape: shape) else {
                    throw call.corrupt("pads too far")
                }
                parts.append(.array(filled))
            }
            result = try builder.concatenated(try builder.operands(parts, for: call), axis: axis, for: call)
        }
        return .tensor(result)
    }
}
