import JSON
import KerasGraphs
import ModelGraph
import Platform

/// Whole numbers as their places in a vocabulary.
enum IntegerLookupLayer: KerasLayerClass {
    static let names = ["IntegerLookup"]
    static let options: Set<String>? = [
        "vocabulary", "max_tokens", "num_oov_indices", "oov_token", "mask_token", "output_mode", "pad_to_max_tokens",
        "vocabulary_dtype", "idf_weights", "vocabulary_size", "invert",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["invert", "sparse", "idf_weights"])
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
        /// Places of entries that are not known; of several the entry divided by their number has the place of its
        /// remainder.
        let unknownCount: Int
        /// Places in all, those that only `pad_to_max_tokens` adds included.
        let count: Int

        var first: Int { (mask == nil ? 0 : 1) + unknownCount }

        init(_ call: LayerCall) throws(Problem) {
            guard let listed = call.config["vocabulary"]?.arrayValue, !listed.isEmpty else {
                throw call.unsupported("its vocabulary is not in the configuration")
            }
            let unknown = call.config["num_oov_indices"]?.boundedInteger ?? 1
            guard (0...1 << 16).contains(unknown) else {
                throw call.corrupt("has \(unknown) places for unknown entries")
            }
            let mask = call.config["mask_token"].flatMap { $0.isNull ? nil : $0.boundedInteger }
            var numbers = listed.compactMap(\.boundedInteger)
            // Keras notes the whole list, special entries too, or the known ones alone.
            let outside = call.config["oov_token"]?.boundedInteger ?? -1
            let special = (mask.map { [$0] } ?? []) + [Int](repeating: outside, count: unknown)
            if special.count > 0, Array(numbers.prefix(special.count)) == special { numbers.removeFirst(special.count) }
            guard numbers.count == listed.count || numbers.count == listed.count - special.count,
                Set(numbers).count == numbers.count, numbers.allSatisfy({ abs($0) < 1 << 24 })
            else { throw call.corrupt("its vocabulary is no list of different whole numbers within ±2²⁴") }
            entries = numbers.map { Float($0) }
            self.mask = mask.map { Float($0) }
            unknownCount = unknown
            let own = (mask == nil ? 0 : 1) + unknown + numbers.count
            if let most = call.layer.size("max_tokens"), own > most {
                throw call.corrupt("\"max_tokens\" is \(most), and its vocabulary has \(own)")
            }
            count = call.flag("pad_to_max_tokens", default: false) ? call.layer.size("max_tokens") ?? own : own
            if unknown == 0 { throw call.unsupported("has no place for unknown entries") }
        }
    }
}
