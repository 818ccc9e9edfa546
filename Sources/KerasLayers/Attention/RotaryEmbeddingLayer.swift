import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// KerasHub's rotary positions: each half of a row's columns turned against the other by an angle that grows with the
/// position.
enum RotaryEmbeddingLayer: KerasLayerClass {
    static let names = ["keras_hub>RotaryEmbedding", "keras_nlp>RotaryEmbedding"]
    static let options: Set<String>? = [
        "max_wavelength", "scaling_factor", "rope_type", "beta_fast", "beta_slow", "original_max_position_embeddings",
        "truncate", "sequence_axis", "feature_axis", "denominator_dim", "low_freq_factor", "high_freq_factor",
        "old_context_len",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        for (position, name) in [(1, "start_index"), (2, "positions")] {
            let value = call[position, name]
            guard value.isNone || value.integer == 0 && name == "start_index" else {
                throw call.unsupported("positions that are handed in")
            }
        }
        if let type = call.config["rope_type"], !type.isNull, type != .string("linear"), type != .string("default") {
            throw call.unsupported("\"rope_type\" is \(type.shortDescription)")
        }
        for key in ["denominator_dim", "low_freq_factor", "high_freq_factor", "old_context_len"] where call.has(key) {
            throw call.unsupported("\"\(key)\" is \(call.config[key]?.shortDescription ?? "")")
        }
        let input = try call.input()
        let extents = builder.extents(of: input), rank = input.axes.count + 1
        func axis(_ key: String, _ value: Int) -> Int {
            let number = call.config[key]?.boundedInteger ?? value
            return number < 0 ? number + rank : number
        }
        let sequence = axis("sequence_axis", 1), feature = axis("feature_axis", -1)
        guard feature == rank - 1, (1..<rank - 1).contains(sequence), input.axes.last == .width,
            input.width.isMultiple(of: 2)
        else { throw call.unsupported("turns axes \(sequence) and \(feature) of \(input.shapeText)") }
        let known = extents.compactMap { $0 }
        guard known.count == extents.count else {
            throw call.unsupported("turns \(input.shapeText), whose length differs")
        }
        let (cosines, sines) = try tables(call, length: known[sequence - 1], width: input.width)
        func laid(_ table: ConstantArray) throws(Problem) -> ConstantArray {
            var shape = [Int](repeating: 1, count: rank)
            shape[sequence] = known[sequence - 1]
            shape[rank - 1] = input.width
            guard let array = table.reshaped(shape)?.broadcast(to: [1] + known) else {
                throw call.unsupported("turns \(input.shapeText)")
            }
            return array
        }
        // (-second half, first half)
        let half = input.width / 2
        var second = input.withoutMask, first = input.withoutMask
        second.width = half
        first.width = half
        second.name = builder.add(.slice(Slice(axis: .width, start: half)), [input.name], to: call, part: "second")
        first.name = builder.add(
            .slice(Slice(axis: .width, start: 0, count: half)), [input.name], to: call, part: "first")
        let negative = builder.scaled(second, factor: -1, shift: 0, for: call, part: "negative")
        var turned = input.withoutMask
        turned.name = builder.add(.concatenate(.width), [negative.name, first.name], to: call, part: "turned")
        let kept = try builder.operands([.tensor(input.withoutMask), .array(try laid(cosines))], for: call)
        let added = try builder.operands([.tensor(turned), .array(try laid(sines))], for: call)
        let products = [
            try builder.combine(.multiply, kept, for: call, part: "cosine"),
            try builder.combine(.multiply, added, for: call, part: "sine"),
        ]
        return [.tensor(try builder.combine(.add, products, for: call))]
    }

    /// Cosines and sines of all angles, `[length, width]`.
    private static func tables(
        _ call: LayerCall, length: Int, width: Int
    ) throws(Problem) -> (ConstantArray, ConstantArray) {
        let wavelength = Double(try call.number("max_wavelength", default: 10000))
        let scaling = Double(try call.number("scaling_factor", default: 1))
        guard wavelength > 0, scaling > 0, ConstantArray.count([length, width]) != nil else {
            throw call.corrupt("wave length \(wavelength), scaling \(scaling)")
        }
        let half = width / 2
        let angles = (0..<length).flatMap { row in
            (0..<width).map { column in
                Double(row) / scaling / pow(wavelength, Double(2 * (column % half)) / Double(width))
            }
        }
        return (
            ConstantArray(shape: [length, width], values: angles.map(cos)),
            ConstantArray(shape: [length, width], values: angles.map(sin))
        )
    }
}
