import JSON
import KerasGraphs
import ModelGraph
import Platform

/// `x[:, 0]`, `x[:, 1:]`, `mask[:, None, :]`, `shape[1]`.
struct ItemOperation: KerasOperation {
    static let functions = ["getitem", "slice", "stridedslice"]

    private let call: LayerCall
    /// One index an axis, the batch first.
    private let keys: [KerasValue]

    private init(_ call: LayerCall, keys: [KerasValue]) {
        self.call = call
        self.keys = keys
    }

    private init(_ call: LayerCall) {
        if let keys = Self.strided(call) {
            self.init(call, keys: keys)
            return
        }
        let key = call.keywords["slice_spec"] ?? (call.arguments.count > 1 ? call.arguments[1] : call.keywords["key"])
        let keys: [KerasValue] =
            switch key {
            case .list(let keys)?: keys
            case .constant(let value)?: (value.arrayValue ?? [value]).map { .constant($0) }
            case .array(let array)? where array.shape.count == 1:
                array.values.map { .constant(Int(exactly: $0).map(JSONValue.integer) ?? .null) }
            case let key?: [key]
            case nil: []
            }
        self.init(call, keys: keys)
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let operation = ItemOperation(call)
        switch call.arguments.first ?? .none {
        case .shape(let value):
            let keys = operation.keys
            let rank = value.axes.count + 1
            guard keys.count == 1 else { throw call.unsupported("a part of a shape that is no extent") }
            if case .slice(let start, let stop, let step) = keys[0], step.isNone || step.integer == 1 {
                let first = start.integer ?? 0, last = stop.integer ?? rank
                // As Python slices: negative places count from the end, and what begins behind the end is empty.
                let begin = first < 0 ? first + rank : first
                let end = max(begin, min(last < 0 ? last + rank : last, rank))
                guard begin >= 0 else { throw call.unsupported("such a part of a shape") }
                return .list((begin..<end).map { .extent(value, axis: $0) })
            }
            guard let index = keys[0].integer, (0..<rank).contains(index < 0 ? index + rank : index) else {
                throw call.unsupported("a part of a shape that is no extent")
            }
            return .extent(value, axis: index < 0 ? index + rank : index)
        case .tensor(let value): return .tensor(try operation.part(of: value, &builder))
        case .array(let array):
            return try ArrayPart(array, keys: try operation.keys(rank: array.shape.count), call).value(in: &builder)
        case .positions(let value): return try operation.part(ofPositions: value, &builder)
        case .list(let extents):
            // Part of a shape that was put together.
            guard operation.keys.count == 1, let index = operation.keys[0].integer,
                extents.indices.contains(index < 0 ? index + extents.count : index)
            else { throw call.unsupported("a part of a list that is no single member") }
            return extents[index < 0 ? index + extents.count : index]
        default: throw call.unsupported("a part of something that is no tensor")
        }
    }

    /// The part of a tensor that the indices name.
    private func part(of input: LayerValue, _ builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
        var rest = try keys(for: input)[...]
        var input = input
        if !input.hasBatch {
            // A table without a batch: `table[None, :, :]` gives it one.
            if rest.first?.isNone ?? false {
                input.hasBatch = true
                rest = rest.dropFirst()
            }
            rest = [.slice(start: .none, stop: .none, step: .none)] + rest
        }
        guard let batch = rest.popFirst(), batch.isWhole else {
            throw call.unsupported("takes single sequences out of a batch")
        }
        var result = input.withoutMask
        result.axes = []
        var axes = input.axes[...]
        var number = 0
        for key in rest {
            if key.isNone {
                result.axes.append(.one)
                continue
            }
            guard let axis = axes.popFirst() else { throw call.corrupt("more indices than axes of \(input.shapeText)") }
            number += 1
            switch axis {
            case .one:
                if key.isWhole || key.covers(input, axis: number) || key.isBeginning {
                    result.axes.append(.one)
                } else {
                    guard key.integer == 0 || key.integer == -1 else { throw refusal(input) }
                }
            case .rows, .width:
                if key.isWhole || key.covers(input, axis: number) {
                    result.axes.append(axis)
                } else if let order = key.descending(in: builder.extents(of: input)[number - 1]) {
                    // From the end to the front: the parts one by one.
                    guard result.name == input.name, result.rows == input.rows, result.width == input.width else {
                        throw refusal(input)
                    }
                    var value = input.withoutMask
                    value = try OrderOperation.taken(order, value, number, call, &builder)
                    result.name = value.name
                    result.rows = value.rows
                    result.width = value.width
                    result.axes.append(value.axes[number - 1])
                } else {
                    try cut(&result, along: axis, key, of: input, part: "\(number)", &builder)
                }
            }
        }
        result.axes += axes
        guard !result.axes.dropLast().contains(.width) else { throw refusal(input) }
        result.axes = result.axes.withWidth
        return result
    }

    /// A part of a tensor by one key an axis, the batch's included.
    static func part(
        of tensor: LayerValue, _ keys: [KerasValue], _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        try ItemOperation(call, keys: keys).part(of: tensor, &builder)
    }

    /// A part of a tensor along one axis, the batch counted.
    static func part(
        of tensor: LayerValue, along axis: Int, _ key: KerasValue, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let whole = KerasValue.slice(start: .none, stop: .none, step: .none)
        return try part(of: tensor, [KerasValue](repeating: whole, count: axis) + [key], call, &builder)
    }

    /// A part of the numbers of a value's rows.
    private func part(
        ofPositions value: LayerValue, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        // `positions[None, :]`: the batch that they have never had.
        let inner = keys.filter { !$0.isNone }
        if keys.first?.isNone ?? false, keys.count - inner.count == 1, inner.allSatisfy(\.isWhole), inner.count <= 1 {
            return .positions(value)
        }
        guard let array = KerasValue.positions(value).array else {
            throw call.unsupported("a part of the numbers of rows whose count differs")
        }
        return try ArrayPart(array, keys: keys, call).value(in: &builder)
    }

    /// The keys of `tf.strided_slice(x, begin, end, strides)`, whose masks say what was left out; `nil` for other
    /// calls.
    private static func strided(_ call: LayerCall) -> [KerasValue]? {
        guard call.functionName == "stridedslice" else { return nil }
        func list(_ position: Int, _ name: String) -> [KerasValue]? {
            switch call[position, name] {
            case .list(let elements): elements
            case .constant(let value): value.arrayValue?.map { .constant($0) }
            case .array(let array): array.values.map { .constant(Int(exactly: $0).map(JSONValue.integer) ?? .null) }
            default: nil
            }
        }
        guard let begin = list(1, "begin"), let end = list(2, "end"), begin.count == end.count else { return nil }
        let steps = list(3, "strides") ?? begin.map { _ in .constant(.integer(1)) }
        guard steps.count == begin.count else { return nil }
        func mask(_ name: String) -> Int { call.keywords[name]?.integer ?? 0 }
        func has(_ name: String, _ axis: Int) -> Bool { axis < 32 && mask(name) >> axis & 1 == 1 }
        return begin.indices.map { axis in
            if has("ellipsis_mask", axis) { return .ellipsis }
            if has("new_axis_mask", axis) { return .none }
            if has("shrink_axis_mask", axis) { return begin[axis] }
            return .slice(
                start: has("begin_mask", axis) ? .none : begin[axis], stop: has("end_mask", axis) ? .none : end[axis],
                step: steps[axis])
        }
    }

    /// `x[:, key]`.
    static func rows(
        _ key: KerasValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let whole = KerasValue.slice(start: .none, stop: .none, step: .none)
        return try ItemOperation(call, keys: [whole, key]).part(of: try call.input(), &builder)
    }

    /// One index an axis, an ellipsis spelled out.
    private func keys(for input: LayerValue) throws(Problem) -> [KerasValue] {
        try keys(rank: input.axes.count + (input.hasBatch ? 1 : 0))
    }

    /// One index an axis, an ellipsis spelled out.
    private func keys(rank: Int) throws(Problem) -> [KerasValue] {
        let whole = KerasValue.slice(start: .none, stop: .none, step: .none)
        guard let dots = keys.firstIndex(where: \.isEllipsis) else { return keys }
        let named = keys.filter { !$0.isEllipsis && !$0.isNone }.count
        let missing = rank - named
        guard missing >= 0 else { throw call.corrupt("more indices than its \(rank) axes") }
        return keys[..<dots] + [KerasValue](repeating: whole, count: missing) + keys[(dots + 1)...]
    }

    private func refusal(_ input: LayerValue) -> Problem { call.unsupported("such a part of \(input.shapeText)") }

    /// Takes rows or columns out of a value.
    private func cut(
        _ result: inout LayerValue, along axis: LayerValue.Axis, _ key: KerasValue, of input: LayerValue, part: String,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) {
        let isRows = axis.isRows
        guard !isRows || input.axes.filter(\.isRows).count == 1 else { throw refusal(input) }
        let isSingle = key.integer != nil
        let axis = isRows ? Slice.Axis.rows : .width
        var slice: Slice
        if !isSingle, let extent = isRows ? builder.resolved(input.rows).fixedCount : input.width {
            guard let exact = key.range(of: extent) else { throw refusal(input) }
            // As it is written, where that means the same: a range may reach beyond the end.
            let plain = key.slice(axis).flatMap { $0.range(of: extent) == exact.range ? $0 : nil }
            slice = plain ?? Slice(axis: axis, start: exact.start, count: exact.count, step: exact.step)
        } else {
            guard let plain = key.slice(axis) else { throw refusal(input) }
            slice = plain
        }
        slice.isSqueezed = isSingle && isRows
        result.name = builder.add(.slice(slice), [result.name], to: call, part: isRows ? "rows" : "columns")
        if isRows {
            if isSingle {
                result.rows = .sequences
                return
            }
            guard let rows = rows(of: slice, builder.resolved(input.rows)) else { throw refusal(input) }
            result.rows = rows
            result.axes.append(.rows(rows.fixedCount))
        } else {
            guard let taken = slice.taken(of: input.width), taken > 0 else { throw refusal(input) }
            result.width = taken
            if !isSingle { result.axes.append(.width) }
        }
    }

    /// Rows that a slice leaves.
    private func rows(of slice: Slice, _ rows: RowSpace) -> RowSpace? {
        if let count = rows.fixedCount { return slice.taken(of: count).flatMap { $0 > 0 ? .count($0) : nil } }
        if let count = slice.count { return .count((count + slice.step - 1) / slice.step) }
        guard slice.start >= 0, let left = rows.applying(.longer(by: -slice.start - slice.less)) else { return nil }
        return slice.step == 1 ? left : left.applying(.windows(Window(size: 1, stride: slice.step)))
    }
}

extension KerasValue {
    var isEllipsis: Bool { if case .ellipsis = self { true } else { false } }

    /// `:`
    var isWhole: Bool {
        guard case .slice(let start, let stop, let step) = self else { return false }
        return (start.isNone || start.integer == 0) && stop.isNone && (step.isNone || step.integer == 1)
    }

    /// `:n`: of an axis of extent 1, and of one that is as long as is needed, all of it.
    fileprivate var isBeginning: Bool {
        guard case .slice(let start, let stop, let step) = self, start.isNone || start.integer == 0,
            step.isNone || step.integer == 1
        else { return false }
        return stop.integer.map { $0 > 0 } ?? false
    }

    /// `:n` where the axis has the extent n.
    fileprivate func covers(_ value: LayerValue, axis: Int) -> Bool {
        guard case .slice(let start, let stop, let step) = self, start.isNone || start.integer == 0,
            step.isNone || step.integer == 1
        else { return false }
        if case .extent(let other, let otherAxis) = stop {
            return otherAxis > 0 && otherAxis <= other.axes.count && other.axes[otherAxis - 1] == value.axes[axis - 1]
                && other.rows == value.rows
        }
        return stop.integer != nil && stop.integer == value.extents[axis - 1]
    }

    /// As a part of an axis.
    fileprivate func slice(_ axis: Slice.Axis) -> Slice? {
        if let index = integer { return Slice(axis: axis, start: index, count: 1) }
        guard case .slice(let start, let stop, let stepValue) = self else { return nil }
        guard let step = stepValue.isNone ? 1 : stepValue.integer, step > 0 else { return nil }
        guard let first = start.isNone ? 0 : start.integer else { return nil }
        if stop.isNone { return Slice(axis: axis, start: first, step: step) }
        guard let last = stop.integer else { return nil }
        if last < 0 {
            return first < 0
                ? (last > first ? Slice(axis: axis, start: first, count: last - first, step: step) : nil)
                : Slice(axis: axis, start: first, less: -last, step: step)
        }
        return first >= 0 && last > first ? Slice(axis: axis, start: first, count: last - first, step: step) : nil
    }

    /// The places that `start:stop:step` takes with a negative step; `nil` for other parts.
    fileprivate func descending(in extent: Int?) -> [Int]? {
        guard case .slice(let start, let stop, let stepValue) = self, let extent, extent <= 1 << 12,
            let step = stepValue.integer, step < 0, start.isNone || start.integer != nil,
            stop.isNone || stop.integer != nil
        else { return nil }
        func place(_ index: Int) -> Int { max(index < 0 ? index + extent : index, -1) }
        let first = start.isNone ? extent - 1 : min(place(start.integer ?? 0), extent - 1)
        let last = stop.isNone ? -1 : place(stop.integer ?? 0)
        let places = Array(stride(from: first, to: last, by: step))
        return places.isEmpty ? nil : places
    }

    /// Python's meaning of `start:stop:step` along an axis of known extent; `nil` for a step that is not positive and
    /// for what leaves nothing.
    func range(of extent: Int) -> (start: Int, count: Int, step: Int, range: Range<Int>)? {
        guard case .slice(let start, let stop, let stepValue) = self,
            let step = stepValue.isNone ? 1 : stepValue.integer, step > 0,
            let first = start.isNone ? 0 : start.integer, let last = stop.isNone ? extent : stop.integer
        else { return nil }
        func place(_ index: Int) -> Int { min(max(index < 0 ? index + extent : index, 0), extent) }
        let from = place(first), to = place(last)
        return from < to ? (from, to - from, step, from..<to) : nil
    }
}
