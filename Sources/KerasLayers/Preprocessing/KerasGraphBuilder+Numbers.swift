import ArchitectureSpecs
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

extension LayerCall {
    /// What a layer makes of its numbers.
    var outputMode: String { config["output_mode"]?.stringValue ?? "int" }
}

extension KerasGraphBuilder {
    /// Numbers of a value one a row.
    private mutating func eachAlone(_ input: LayerValue, for call: LayerCall) throws(Problem) -> LayerValue {
        if input.width == 1 { return input }
        let extents = self.extents(of: input).compactMap { $0 }
        guard extents.count == input.axes.count, let count = input.count else {
            throw call.unsupported("looks at each number of \(input.shapeText), whose length differs")
        }
        var result = input
        result.name = add(
            .rearrange(Rearrangement(extents: [count], rows: count)), [input.name], to: call, part: "column")
        result.rows = .count(count)
        result.axes = extents.map { $0 == 1 ? .one : .rows($0) }
        result.width = 1
        return result
    }

    /// The number of boundaries that are not above each number.
    mutating func bins(
        _ input: LayerValue, _ boundaries: [Float], for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let alone = try eachAlone(input, for: call)
        let flags = try compared(alone, boundaries, .lessOrEqual, isFirst: true, for: call)
        return weighed(
            flags, [Float](repeating: 1, count: boundaries.count), bias: 0, count: boundaries.count + 1, like: alone,
            for: call)
    }

    /// Places in a vocabulary.
    mutating func places(
        _ input: LayerValue, _ lookup: IntegerLookupLayer.Vocabulary, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let alone = try eachAlone(input, for: call)
        let unknown = Float(lookup.first - 1)
        var entries = lookup.entries, weights = lookup.entries.indices.map { Float($0 + lookup.first) - unknown }
        if let mask = lookup.mask {
            entries.append(mask)
            weights.append(-unknown)
        }
        let flags = try compared(alone, entries, .equal, isFirst: true, for: call)
        let count = lookup.first + lookup.entries.count
        guard lookup.unknownCount > 1 else {
            return weighed(flags, weights, bias: unknown, count: count, like: alone, for: call)
        }
        // place of a known entry + (1 − is known) · (first unknown place + remainder)
        let places = lookup.entries.indices.map { Float($0 + lookup.first) } + (lookup.mask == nil ? [] : [0])
        let known = weighed(flags, places, bias: 0, count: count, like: alone, for: call)
        let misses = weighed(
            flags, [Float](repeating: -1, count: entries.count), bias: 1, count: 2, like: alone, for: call)
        let divisor = ConstantArray(shape: [1, 1], values: [Double(lookup.unknownCount)])
        let row = try materialized(divisor, rank: 2, isColumn: false, for: call)
        var rest = alone
        rest.name = add(.elementwise(.remainder), [alone.name, row.name], to: call, part: "remainder")
        rest = scaled(rest, factor: 1, shift: Float(lookup.first - lookup.unknownCount), for: call, part: "unknown")
        rest.name = add(.multiply, [misses.name, rest.name], to: call, part: "unknown_place")
        var result = known
        result.name = add(.add, [known.name, rest.name], to: call, part: "place")
        idCounts[result.name] = count
        return result
    }

    /// One flag for each of some numbers.
    private mutating func compared(
        _ value: LayerValue, _ numbers: [Float], _ function: Elementwise, isFirst: Bool, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let array = ConstantArray(shape: [1, numbers.count], values: numbers.map(Double.init))
        let row = try materialized(array, rank: 2, isColumn: false, for: call)
        var result = value
        result.width = numbers.count
        result.name = add(
            .elementwise(function), isFirst ? [row.name, value.name] : [value.name, row.name], to: call, part: "flags")
        return result
    }

    /// A weighed sum of flags: one whole number.
    private mutating func weighed(
        _ flags: LayerValue, _ weights: [Float], bias: Float, count: Int, like value: LayerValue, for call: LayerCall
    ) -> LayerValue {
        let weight = Tensor(weights, shape: [weights.count, 1])
        var result = value
        result.width = 1
        result.isInteger = true
        result.name = addOwned(
            .linear(Linear(inputWidth: weights.count, outputWidth: 1, hasBias: true)), [flags.name], to: call,
            part: "number",
            [
                "weight": .computed(.init(names: [], shape: [weights.count, 1]) { _ in weight }),
                "bias": .computed(.init(names: [], shape: [1]) { _ in Tensor([bias], shape: [1]) }),
            ])
        idCounts[result.name] = count
        return result
    }

    /// Whole numbers as they are, or as rows of flags or counts.
    mutating func encoded(
        _ input: LayerValue, count: Int, mode: String, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        if mode == "int" { return input }
        guard ["one_hot", "multi_hot", "count"].contains(mode) else {
            throw call.unsupported("\"output_mode\" is \"\(mode.printable)\"")
        }
        guard count <= 1 << 16 else { throw call.unsupported("a row of \(count) flags") }
        let alone = try eachAlone(input, for: call)
        var flags = try compared(alone, (0..<count).map { Float($0) }, .equal, isFirst: true, for: call)
        flags.isInteger = false
        if mode == "one_hot" {
            // A last axis of extent 1 goes: [batch, 1] gives [batch, n].
            if input.width == 1, input.axes.last == .width || input.axes.last == .one {
                flags.axes = input.axes.dropLast() + [.width]
            } else if input.axes.last == .rows(1) {
                flags = squeezed(flags, for: call)
                flags.axes = input.axes.dropLast() + [.width]
            } else {
                flags.axes = alone.axes + [.width]
            }
            return flags
        }
        // One row for all numbers of the last axis.
        guard alone.axes.filter(\.isRows).count <= 1,
            input.axes.count <= 1 || !input.axes.dropLast().contains(where: \.isRows)
        else { throw call.unsupported("counts along the last axis of \(input.shapeText)") }
        var result = flags
        result.axes = [.width]
        guard alone.rows != .sequences else { return result }
        if mode == "multi_hot" {
            result.name = add(.pooling(.max), [flags.name], to: call)
        } else {
            guard let rows = resolved(alone.rows).fixedCount else {
                throw call.unsupported("counts rows whose number differs")
            }
            var mean = flags
            mean.name = add(.pooling(.mean), [flags.name], to: call, part: "mean")
            mean.rows = .sequences
            result.name = scaled(mean, factor: Float(rows), shift: 0, for: call).name
        }
        result.rows = .sequences
        return result
    }

    /// Rows of a table by whole numbers that are computed and known to be places of it.
    mutating func gathered(
        _ numbers: LayerValue, _ table: ParameterSource, rows: Int, width: Int, for call: LayerCall
    ) throws(Problem) -> LayerValue? {
        guard let bound = idCounts[numbers.name], numbers.width == 1, rows <= 1 << 16 else { return nil }
        guard bound <= rows else {
            throw call.corrupt("has \(rows) rows, and is asked for number \(bound - 1)")
        }
        let flags = try compared(numbers, (0..<rows).map { Float($0) }, .equal, isFirst: true, for: call)
        var result = flags
        result.isInteger = false
        result.width = width
        result.axes = numbers.isColumn ? numbers.axes + [.width] : Array(numbers.axes.dropLast()) + [.one, .width]
        result.name = add(
            .linear(Linear(inputWidth: rows, outputWidth: width, hasBias: false)), [flags.name], to: call,
            ["weight": table])
        return result
    }
}
