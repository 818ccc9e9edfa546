import ArchitectureSpecs
import KerasFiles
import ModelGraph
import Platform
import Tensors

/// Rows under another order of the axes, and back.
extension KerasGraphBuilder {
    /// Applies `body` to a tensor whose given axes are its width, one row for all others, and puts the axes back.
    ///
    /// - Parameters:
    ///   - axes: In ascending order, the first behind the batch is 0. Their extents must be known.
    ///   - body: Must keep rows and width.
    package mutating func alongLast(
        _ axes: [Int], of input: LayerValue, for call: LayerCall,
        _ body: (LayerValue, inout KerasGraphBuilder) throws(Problem) -> LayerValue
    ) throws(Problem) -> LayerValue {
        let extents = input.extents.compactMap { $0 }
        guard extents.count == input.axes.count, axes.allSatisfy(input.axes.indices.contains) else {
            throw call.unsupported(
                "works along axes \(axes.map { $0 + 1 }) of \(input.shapeText), whose length differs between sequences")
        }
        let order = input.axes.indices.filter { !axes.contains($0) } + axes
        let value = arranged(input, extents: extents, order: order, widthAxes: axes.count, for: call, part: "axes")
        let done = try body(value, &self)
        let isVector = input.rows == .sequences
        var inverse = [Int](repeating: 0, count: order.count)
        for (place, axis) in order.enumerated() { inverse[axis] = place }
        var result = input
        result.isInteger = false
        result.name = add(
            .rearrange(
                Rearrangement(
                    extents: order.map { extents[$0] }, order: inverse,
                    rows: isVector ? nil : extents.reduce(1, *) / max(input.width, 1))),
            [done.name], to: call, part: "back")
        return result
    }

    /// A sequence's numbers read as an array, its axes exchanged, the last ones laid side by side.
    package mutating func arranged(
        _ input: LayerValue, extents: [Int], order: [Int], widthAxes: Int, for call: LayerCall, part: String
    ) -> LayerValue {
        let kept = order.dropLast(widthAxes).map { extents[$0] }.reduce(1, *)
        let width = order.suffix(widthAxes).map { extents[$0] }.reduce(1, *)
        var result = input.withoutMask
        result.rows = kept == 1 ? .sequences : .count(kept)
        result.axes = kept == 1 ? [.width] : [.rows(kept), .width]
        result.width = width
        result.name = add(
            .rearrange(Rearrangement(extents: extents, order: order, rows: kept == 1 ? nil : kept)), [input.name],
            to: call, part: part)
        return result
    }

    /// A single row a sequence as one row of one, its mask with it: for what goes through the rows of sequences.
    package mutating func counted(_ value: LayerValue, for call: LayerCall, part: String) -> LayerValue {
        guard value.rows == .sequences else { return value }
        func counted(_ name: String, width: Int, part: String) -> String {
            add(.rearrange(Rearrangement(extents: [width], rows: 1)), [name], to: call, part: part)
        }
        var result = value
        result.name = counted(value.name, width: value.width, part: part)
        result.mask = value.mask.map { counted($0, width: 1, part: part + "_mask") }
        result.rows = .count(1)
        return result
    }

    /// A tensor times stored numbers, one for each place of some axes, the same along the others.
    ///
    /// - Parameters:
    ///   - source: The numbers, and how many there are along each axis of the tensor: its extent, or 1.
    ///   - factor: Multiplied to all of them.
    package mutating func multiplied(
        _ input: LayerValue, by source: StoredFactors, factor: Float = 1, for call: LayerCall, part: String
    ) throws(Problem) -> LayerValue {
        let extents = source.extents
        guard extents.count == input.axes.count,
            zip(extents, input.extents).allSatisfy({ $0 == 1 || $0 == $1 })
        else {
            throw call.corrupt("has \(extents) numbers for \(input.shapeText)")
        }
        var result = input
        result.isInteger = false
        let isLast = input.axes.last == .width
        let rows = isLast ? Array(extents.dropLast()) : extents
        let width = isLast ? extents[extents.count - 1] : 1
        if rows.allSatisfy({ $0 == 1 }) {
            result.name = add(
                .affine(Affine(width: input.width, factor: factor, hasScale: true)), [input.name], to: call,
                part: part, ["scale": source.parameter(columns: input.width)])
            return result
        }
        let whole = input.extents.prefix(rows.count).compactMap { $0 }
        guard whole.count == rows.count else {
            throw call.unsupported("numbers for each row of \(input.shapeText), whose length differs")
        }
        let count = whole.reduce(1, *)
        guard count == input.rows.fixedCount, count > 0 else {
            throw call.unsupported("\(extents) numbers for \(input.shapeText)")
        }
        let table = add(
            .table(Table(count: count, width: width, isAlongInput: false)), [], to: call, part: part + "/numbers",
            ["rows": source.spread(rows: whole, own: rows, width: width)])
        var name = add(.multiply, [input.name, table], to: call, part: part)
        if factor != 1 {
            name = add(
                .affine(Affine(width: input.width, factor: factor)), [name], to: call, part: part + "/factor")
        }
        result.name = name
        return result
    }
}

/// Stored numbers along some axes of a tensor.
package struct StoredFactors {
    /// Common names of the tensors that they are made from.
    package let names: [String]
    /// One an axis: its extent, or 1.
    package let extents: [Int]
    /// The numbers, row-major.
    package let make: @Sendable ([Tensor]) -> [Float]

    package init(names: [String], extents: [Int], make: @escaping @Sendable ([Tensor]) -> [Float]) {
        self.names = names
        self.extents = extents
        self.make = make
    }

    /// One number a column; a single one stands for all.
    package func parameter(columns: Int) -> ParameterSource {
        .computed(
            .init(names: names, shape: [columns]) { [make] tensors in
                let numbers = make(tensors)
                return Tensor(
                    numbers.count == 1 ? [Float](repeating: numbers[0], count: columns) : numbers, shape: [columns])
            })
    }

    /// Repeated for all rows of a grid.
    ///
    /// - Parameters:
    ///   - rows: Extents of the grid.
    ///   - own: How many there are of each: all or 1.
    package func spread(rows: [Int], own: [Int], width: Int) -> ParameterSource {
        let count = rows.reduce(1, *), shape: Shape = [count, width]
        return .computed(
            .init(names: names, shape: shape) { [make] tensors in
                let numbers = make(tensors)
                return Tensor(shape: shape) { target in
                    for row in 0..<count {
                        var rest = row, index = 0, step = 1
                        for axis in rows.indices.reversed() {
                            let place = rest % rows[axis]
                            rest /= rows[axis]
                            if own[axis] != 1 { index += place * step }
                            step *= own[axis]
                        }
                        for column in 0..<width { target[row * width + column] = numbers[index * width + column] }
                    }
                }
            })
    }
}
