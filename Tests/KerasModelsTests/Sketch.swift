import JSON

/// A functional Keras 3 configuration, shorter to write: `name class {config} <- inputs`.
struct Sketch {
    private(set) var layers: [JSONValue] = []

    /// - Parameter shape: Extents behind the batch; `nil` for any length.
    mutating func input(_ name: String, _ shape: [Int?], type: String = "float32") {
        let extents = [JSONValue.null] + shape.map { $0.map(JSONValue.integer) ?? .null }
        layers.append(
            .object([
                "class_name": .string("InputLayer"), "name": .string(name), "inbound_nodes": .array([]),
                "config": .object(["name": .string(name), "batch_shape": .array(extents), "dtype": .string(type)]),
            ]))
    }

    /// - Parameters:
    ///   - inputs: Names of layers; one argument each, or one list of all.
    ///   - result: Which result of those layers is read.
    mutating func layer(
        _ name: String, _ className: String, _ config: String = "{}", _ inputs: [String], asList: Bool = false,
        keywords: [String: JSONValue] = [:], result: Int = 0, module: String = "keras.layers"
    ) throws {
        let tensors = inputs.map { Self.tensor($0, result: result) }
        var members = try json(config).objectValue ?? [:]
        members["name"] = .string(name)
        layers.append(
            .object([
                "module": .string(module), "class_name": .string(className), "name": .string(name),
                "config": .object(members),
                "inbound_nodes": .array([
                    .object([
                        "args": .array(asList ? [.array(tensors)] : tensors), "kwargs": .object(keywords),
                    ])
                ]),
            ]))
    }

    static func tensor(_ layer: String, result: Int = 0) -> JSONValue {
        .object([
            "class_name": .string("__keras_tensor__"),
            "config": .object(["keras_history": .array([.string(layer), .integer(0), .integer(result)])]),
        ])
    }

    /// The model with further layers that are written out.
    func model(adding more: [JSONValue] = [], outputs: [String]) -> JSONValue {
        func references(_ names: [String]) -> JSONValue {
            .array(names.map { .array([.string($0), .integer(0), .integer(0)]) })
        }
        let inputs = layers.filter { $0["class_name"] == .string("InputLayer") }.compactMap { $0["name"]?.stringValue }
        return .object([
            "class_name": .string("Functional"),
            "config": .object([
                "name": .string("sketch"), "layers": .array(layers + more), "input_layers": references(inputs),
                "output_layers": references(outputs),
            ]),
        ])
    }
}
