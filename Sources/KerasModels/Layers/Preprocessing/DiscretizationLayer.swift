import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Tensors

/// Numbers put into bins: the number of boundaries that are not above each.
enum DiscretizationLayer: KerasLayerClass {
    static let names = ["Discretization"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let listed = call.config["bin_boundaries"]?.arrayValue ?? []
        let boundaries = listed.compactMap(\.doubleValue).map { Float($0) }
        guard !boundaries.isEmpty, boundaries.count == listed.count else {
            throw call.unsupported("its boundaries are not in the configuration")
        }
        guard zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw call.corrupt("its boundaries do not ascend")
        }
        try call.refuse(["sparse"])
        let input = try call.input().withoutMask
        let bins = try builder.bins(input, boundaries, for: call)
        return [.tensor(try builder.encoded(bins, count: boundaries.count + 1, mode: call.outputMode, for: call))]
    }
}

/// Whole numbers as rows of flags or counts.
enum CategoryEncodingLayer: KerasLayerClass {
    static let names = ["CategoryEncoding"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["sparse"])
        if let weights = call.keywords["count_weights"], !weights.isNone { throw call.unsupported("weighs its counts") }
        let mode = call.config["output_mode"]?.stringValue ?? "multi_hot"
        let input = try call.input().withoutMask
        return [.tensor(try builder.encoded(input, count: try call.size("num_tokens"), mode: mode, for: call))]
    }
}

/// Whole numbers as their places in a vocabulary.
enum IntegerLookupLayer: KerasLayerClass {
    static let names = ["IntegerLookup"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["invert", "sparse"])
        let lookup = try Vocabulary(call)
        let input = try call.input().withoutMask
        guard input.isInteger else { throw call.unsupported("looks up numbers that are not whole") }
        let places = try builder.places(input, lookup, for: call)
        let mode = call.outputMode
        guard mode == "int" || lookup.mask == nil else { throw call.unsupported("counts with a token that is masked") }
        return [.tensor(try builder.encoded(places, count: lookup.count, mode: mode, for: call))]
    }

    /// Entries and their places: the masked one, those for unknown ones, the known ones.
    struct Vocabulary {
        let entries: [Float]
        /// The entry that stands for nothing; it has place 0.
        let mask: Float?
        /// Places of entries that are not known: one, or none.
        let unknownCount: Int
        /// Places in all, those that only `pad_to_max_tokens` adds included.
        let count: Int

        var first: Int { (mask == nil ? 0 : 1) + unknownCount }

        init(_ call: LayerCall) throws(Problem) {
            guard let listed = call.config["vocabulary"]?.arrayValue, !listed.isEmpty else {
                throw call.unsupported("its vocabulary is not in the configuration")
            }
            let unknown = call.config["num_oov_indices"]?.boundedInteger ?? 1
            guard (0...1).contains(unknown) else {
                throw call.unsupported("spreads unknown entries over \(unknown) places by a hash")
            }
            let mask = call.config["mask_token"].flatMap { $0.isNull ? nil : $0.boundedInteger }
            var numbers = listed.compactMap(\.boundedInteger)
            // Keras notes the whole list, special entries too, or the known ones alone.
            let special = [mask, unknown == 1 ? call.config["oov_token"]?.boundedInteger ?? -1 : nil].compactMap { $0 }
            if special.count > 0, Array(numbers.prefix(special.count)) == special { numbers.removeFirst(special.count) }
            guard numbers.count == listed.count || numbers.count == listed.count - special.count,
                Set(numbers).count == numbers.count, numbers.allSatisfy({ abs($0) < 1 << 24 })
            else { throw call.corrupt("its vocabulary is no list of different whole numbers within ±2²⁴") }
            entries = numbers.map { Float($0) }
            self.mask = mask.map { Float($0) }
            unknownCount = unknown
            let own = (mask == nil ? 0 : 1) + unknown + numbers.count
            count = call.flag("pad_to_max_tokens", default: false) ? call.layer.size("max_tokens") ?? own : own
            if unknown == 0 { throw call.unsupported("has no place for unknown entries") }
        }
    }
}

extension LayerCall {
    /// What a layer makes of its numbers.
    fileprivate var outputMode: String { config["output_mode"]?.stringValue ?? "int" }
}

extension KerasGraphBuilder {
    /// Numbers of a value one a row; `nil` where their count differs and they lie side by side.
    fileprivate mutating func eachAlone(_ input: LayerValue, for call: LayerCall) throws(Problem) -> LayerValue {
        if input.width == 1 { return input }
        return try column(input, for: call, part: "column")
    }

    /// The number of boundaries that are not above each number.
    fileprivate mutating func bins(
        _ input: LayerValue, _ boundaries: [Float], for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let alone = try eachAlone(input, for: call)
        let flags = try compared(alone, boundaries, .lessOrEqual, isFirst: true, for: call)
        return weighed(flags, [Float](repeating: 1, count: boundaries.count), bias: 0, count: boundaries.count + 1, like: alone,
            for: call)
    }

    /// Places in a vocabulary.
    fileprivate mutating func places(
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
        return weighed(flags, weights, bias: unknown, count: lookup.first + lookup.entries.count, like: alone, for: call)
    }

    /// One flag for each of some numbers.
    fileprivate mutating func compared(
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
    fileprivate mutating func encoded(
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
        guard alone.axes.filter(\.isRows).count <= 1, input.axes.count <= 1 || !input.axes.dropLast().contains(where: \.isRows)
        else { throw call.unsupported("counts along the last axis of \(input.shapeText)") }
        var result = flags
        result.axes = [.width]
        guard alone.rows != .sequences else { return result }
        if mode == "multi_hot" {
            result.name = add(.pooling(.max), [flags.name], to: call)
        } else {
            guard let rows = resolved(alone.rows).fixedCount else { throw call.unsupported("counts rows whose number differs") }
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
