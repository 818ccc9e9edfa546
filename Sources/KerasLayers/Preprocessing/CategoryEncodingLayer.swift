import JSON
import KerasGraphs
import ModelGraph
import Platform

/// Whole numbers as rows of flags or counts.
enum CategoryEncodingLayer: KerasLayerClass {
    static let names = ["CategoryEncoding"]
    static let options: Set<String>? = ["num_tokens", "output_mode", "count_weights"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["sparse"])
        if let weights = call.keywords["count_weights"], !weights.isNone { throw call.unsupported("weighs its counts") }
        let mode = call.config["output_mode"]?.stringValue ?? "multi_hot"
        let input = try call.input().withoutMask
        return [.tensor(try builder.encoded(input, count: try call.size("num_tokens"), mode: mode, for: call))]
    }
}
