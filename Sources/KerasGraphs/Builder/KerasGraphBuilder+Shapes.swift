import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// A tensor under another shape behind the batch; `nil` or -1 stands for what is left over.
    package mutating func reshaped(
        _ input: LayerValue, to shape: [Int?], for call: LayerCall
    ) throws(Problem) -> LayerValue {
        var result = input
        result.mask = nil
        let refusal = call.unsupported(
            "gives \(input.shapeText) the shape [\(shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", "))]")
        guard !shape.isEmpty, shape.count <= 8 else { throw refusal }
        let extents = try wholeShape(shape, of: input, refusal)
        if extents == input.extents { return result }
        // Axes of extent 1 come and go without anything being moved.
        if extents.filter({ $0 != 1 }) == input.extents.filter({ $0 != 1 }), let axes = input.axes(under: extents) {
            result.axes = axes
            // The one row of a sequence, without an axis for it, is the sequence's own.
            return axes.contains(where: \.isRows) ? result : squeezed(result, for: call)
        }
        // The same width: rows are only counted otherwise.
        if input.axes.last == .width, extents.last == input.width, input.axes.contains(where: \.isRows) {
            let rows = extents.dropLast()
            if input.count != nil {
                result.axes = rows.map { $0 == 1 ? .one : .rows($0) } + [.width]
                return result.axes.contains(where: \.isRows) ? result : squeezed(result, for: call)
            }
        }
        let known = extents.compactMap { $0 }
        guard input.count != nil, known.count == extents.count, let width = known.last else { throw refusal }
        let rows = known.dropLast().reduce(1, *)
        let single = known.dropLast().allSatisfy { $0 == 1 }
        result.name = add(
            .rearrange(Rearrangement(extents: [width * rows], rows: single ? nil : rows)), [input.name], to: call)
        result.rows = single ? .sequences : .count(rows)
        result.axes = known.dropLast().map { $0 == 1 ? .one : .rows($0) } + [.width]
        result.width = width
        return result
    }

    /// The shape with what is left over filled in.
    private func wholeShape(
        _ shape: [Int?], of input: LayerValue, _ refusal: Problem
    ) throws(Problem) -> [Int?] {
        var extents = shape.map { $0.flatMap { $0 < 0 ? nil : $0 } }
        let open = extents.indices.filter { extents[$0] == nil }
        guard open.count <= 1 else { throw refusal }
        var known = 1
        for extent in extents {
            let (product, overflow) = known.multipliedReportingOverflow(by: extent ?? 1)
            guard !overflow, product > 0 else { throw refusal }
            known = product
        }
        if let count = input.count {
            guard count.isMultiple(of: known) else { throw refusal }
            if let open = open.first { extents[open] = count / known } else if known != count { throw refusal }
        }
        return extents
    }

    /// A tensor with its axes behind the batch in another order.
    package mutating func permuted(
        _ input: LayerValue, _ order: [Int], for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let refusal = call.unsupported("puts the axes of \(input.shapeText) in the order \(order.map { $0 + 1 })")
        guard order.sorted() == Array(input.axes.indices), order.count <= 8 else { throw refusal }
        if order == Array(input.axes.indices) { return input }
        // Only axes of extent 1 move.
        if order.filter({ input.axes[$0] != .one }) == input.axes.indices.filter({ input.axes[$0] != .one }) {
            var result = input
            result.axes = order.map { input.axes[$0] }
            result.mask = nil
            // Numbers that lie side by side stay the last axis.
            if !result.axes.dropLast().contains(.width) { return result }
        }
        let extents = input.extents.compactMap { $0 }
        guard extents.count == input.axes.count, let width = order.last.map({ extents[$0] }) else { throw refusal }
        let rows = order.dropLast().map { extents[$0] }.reduce(1, *)
        let single = order.dropLast().allSatisfy { extents[$0] == 1 }
        var result = input
        result.name = add(
            .rearrange(Rearrangement(extents: extents, order: order, rows: single ? nil : rows)), [input.name], to: call
        )
        result.rows = single ? .sequences : .count(rows)
        result.axes = order.dropLast().map { extents[$0] == 1 ? .one : .rows(extents[$0]) } + [.width]
        result.width = width
        result.mask = nil
        return result
    }

    /// `[batch, rows, width]` with its two axes exchanged.
    package mutating func transposed(
        _ input: LayerValue, for call: LayerCall, part: String = "input"
    ) throws(Problem) -> LayerValue {
        guard input.isStream, case .rows(let count?) = input.axes[0] else {
            throw call.unsupported("exchanges the axes of \(input.shapeText)")
        }
        var result = input
        result.name = add(
            .rearrange(Rearrangement(extents: [count, input.width], order: [1, 0], rows: input.width)), [input.name],
            to: call, part: part)
        result.rows = .count(input.width)
        result.axes = [.rows(input.width), .width]
        result.width = count
        result.mask = nil
        return result
    }
}

extension LayerValue {
    /// Which axis is which under a shape that differs in axes of extent 1 only; `nil` when that is not clear.
    fileprivate func axes(under extents: [Int?]) -> [Axis]? {
        var rest = axes.filter { $0 != .one }[...]
        // An axis of rows or a width of extent 1 may go, and an axis of extent 1 may come.
        let solid = zip(axes, self.extents).filter { $0.0 != .one && $0.1 != 1 }.map(\.0)
        if solid.count != rest.count { rest = solid[...] }
        var result: [Axis] = []
        for extent in extents {
            if extent == 1 {
                result.append(.one)
            } else {
                guard let axis = rest.popFirst() else { return nil }
                result.append(axis)
            }
        }
        // Numbers that lie side by side cannot lie along rows without being moved.
        guard rest.isEmpty, !result.dropLast().contains(.width) else { return nil }
        return result.withWidth
    }
}

extension KerasGraphBuilder {
    /// Extents of a value's axes behind the batch, also of an axis whose length turned out to be known.
    package func extents(of value: LayerValue) -> [Int?] {
        let isSingle = value.axes.filter(\.isRows).count == 1
        return value.axes.map { axis in
            switch axis {
            case .rows(let count): count ?? (isSingle ? resolved(value.rows).fixedCount : nil)
            case .width: value.width
            case .one: 1
            }
        }
    }
}
