import JSON
import WeightFiles

extension KerasDocument {
    /// Whether a configuration lists layers and calls: otherwise only code says what the model computes.
    package static func isListed(_ document: JSONValue) -> Bool {
        document["class_name"]?.stringValue.map { KerasModelReader.isModel($0, document) } ?? false
    }

    /// Which release wrote a configuration, by how it spells calls and input layers.
    package static func generation(of document: JSONValue) -> KerasGeneration {
        let layers = document["config"]?["layers"]?.arrayValue ?? []
        for layer in layers {
            if let call = layer["inbound_nodes"]?.arrayValue?.first { return call["args"] == nil ? .keras2 : .keras3 }
            if layer["config"]?["batch_shape"] != nil { return .keras3 }
            if layer["config"]?["batch_input_shape"] != nil { return .keras2 }
        }
        return document["build_config"] == nil ? .keras2 : .keras3
    }
}
