import JSON

/// Keys of a layer's configuration that cannot change what it gives after training.
package enum HarmlessKeys {
    /// By key, why it does not matter.
    private static let reasons: [String: String] = {
        let groups: [(String, [String])] = [
            ("a name", ["name", "registered_name", "shared_object_id", "build_config", KerasLayer.attributesKey]),
            (
                "only training needs it",
                [
                    "trainable", "activity_regularizer", "dropout", "recurrent_dropout", "rate", "stddev", "seed",
                    "noise_shape",
                    "momentum", "renorm_momentum", "renorm_clipping", "synchronized", "unit_forget_bias", "lora_alpha",
                    "initializer",
                ]
            ),
            (
                "numbers are computed in 32 bits, and stored types are read off the file",
                [
                    "dtype", "autocast", "quantization_config", "reverse_dtype",
                ]
            ),
            (
                "the shape is read off the input",
                [
                    "batch_input_shape", "batch_shape", "input_shape", "input_length", "input_dtype", "batch_size",
                    "sparse",
                    "ragged", "optional", "query_shape", "key_shape", "value_shape",
                ]
            ),
            ("another way to the same numbers", ["implementation", "unroll", "fused", "virtual_batch_size"]),
        ]
        var result: [String: String] = [:]
        for (reason, keys) in groups { for key in keys { result[key] = reason } }
        return result
    }()

    /// Endings of keys that only training needs: what weights started from, and what kept them small.
    private static let endings = ["_initializer", "_regularizer", "_constraint"]

    /// Why a key does not matter; `nil` for one that might.
    package static func reason(for key: String) -> String? {
        reasons[key] ?? (endings.contains { key.hasSuffix($0) } ? "only training needs it" : nil)
    }

    /// Keys of a configuration that are neither used nor known to change nothing, with their values.
    package static func unknown(in config: JSONValue, beside used: Set<String>) -> [(key: String, value: String)] {
        (config.objectValue ?? [:])
            .filter { !used.contains($0.key) && reason(for: $0.key) == nil && $0.value.saysSomething }
            .map { ($0.key, $0.value.shortDescription) }.sorted { $0.key < $1.key }
    }
}

extension JSONValue {
    /// Whether it is anything but what stands for nothing: null, false, an empty list or object.
    package var saysSomething: Bool {
        switch self {
        case .null, .bool(false): false
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        default: true
        }
    }
}
