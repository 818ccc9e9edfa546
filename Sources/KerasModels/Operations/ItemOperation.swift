import JSON
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
        let key = call.keywords["slice_spec"] ?? (call.arguments.count > 1 ? call.arguments[1] : call.keywords["key"])
        let keys: [KerasValue] =
            switch key {
            case .list(let keys)?: keys
            case .constant(let value)?: (value.arrayValue ?? [value]).map { .constant($0) }
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
            guard keys.count == 1, let axis = keys[0].integer, (0...value.axes.count).contains(axis) else {
                throw call.unsupported("a part of a shape that is no extent")
            }
            return .extent(value, axis: axis)
        case .tensor(let value): return .tensor(try operation.part(of: value, &builder))
        default: throw call.unsupported("a part of something that is no tensor")
        }
    }

    /// The part of a tensor that the indices name.
    private func part(of input: LayerValue, _ builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue {
        var rest = try keys(for: input)[...]
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

    /// `x[:, key]`.
    static func rows(
        _ key: KerasValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let whole = KerasValue.slice(start: .none, stop: .none, step: .none)
        return try ItemOperation(call, keys: [whole, key]).part(of: try call.input(), &builder)
    }

    /// One index an axis, an ellipsis spelled out.
    private func keys(for input: LayerValue) throws(Problem) -> [KerasValue] {
        let whole = KerasValue.slice(start: .none, stop: .none, step: .none)
        guard let dots = keys.firstIndex(where: \.isEllipsis) else { return keys }
        let named = keys.filter { !$0.isEllipsis && !$0.isNone }.count
        let missing = input.axes.count + 1 - named
        guard missing >= 0 else { throw call.corrupt("more indices than axes of \(input.shapeText)") }
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
        guard var slice = key.slice(isRows ? .rows : .width) else { throw refusal(input) }
        // A range may reach beyond the end.
        if !isSingle, slice.start >= 0, let count = slice.count,
            let extent = isRows ? input.rows.fixedCount : input.width
        {
            slice.count = max(1, min(count, extent - slice.start))
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
            guard let range = slice.range(of: input.width), !range.isEmpty else { throw refusal(input) }
            result.width = range.count
            if !isSingle { result.axes.append(.width) }
        }
    }

    /// Rows that a slice leaves.
    private func rows(of slice: Slice, _ rows: RowSpace) -> RowSpace? {
        if let count = rows.fixedCount { return slice.range(of: count).flatMap { $0.isEmpty ? nil : .count($0.count) } }
        if let count = slice.count { return .count(count) }
        return slice.start >= 0 ? rows.applying(.longer(by: -slice.start - slice.less)) : nil
    }
}

extension KerasValue {
    fileprivate var isEllipsis: Bool { if case .ellipsis = self { true } else { false } }

    /// `:`
    fileprivate var isWhole: Bool {
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
        guard case .slice(let start, let stop, let step) = self, step.isNone || step.integer == 1 else { return nil }
        guard let first = start.isNone ? 0 : start.integer else { return nil }
        if stop.isNone { return Slice(axis: axis, start: first) }
        guard let last = stop.integer else { return nil }
        if last < 0 {
            return first < 0
                ? (last > first ? Slice(axis: axis, start: first, count: last - first) : nil)
                : Slice(axis: axis, start: first, less: -last)
        }
        return first >= 0 && last > first ? Slice(axis: axis, start: first, count: last - first) : nil
    }
}
