import JSON

extension KerasLayer {
    /// Whether a configuration says that a class is none of the framework's, whatever its name.
    ///
    /// Keras 3 notes the module of its own classes, and a null for those of a program. Where nothing is noted, a
    /// class without what the framework's own always has is another one.
    ///
    /// - Parameter module: As the configuration has it; `nil` where it has no such key.
    package static func isForeign(_ className: String, module: JSONValue?, config: JSONValue) -> Bool {
        if module?.isNull == true { return className != "InputLayer" }
        switch className {
        case "MultiHeadAttention": return config["key_dim"] == nil
        case "Embedding": return config["input_dim"] == nil
        default: return false
        }
    }
}
