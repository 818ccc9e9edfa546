import ModelGraph
import Tensors

/// What frameworks call the usual inputs of a model.
enum InputNames {
    /// Ours, which are Hugging Face's, by the names of KerasHub and of TensorFlow's Model Garden.
    private static let ours = [
        "token_ids": "input_ids", "encoder_token_ids": "input_ids", "input_word_ids": "input_ids",
        "padding_mask": "attention_mask", "encoder_padding_mask": "attention_mask", "input_mask": "attention_mask",
        "segment_ids": "token_type_ids", "input_type_ids": "token_type_ids",
        "decoder_token_ids": "decoder_input_ids", "decoder_padding_mask": "decoder_attention_mask",
        "encoder_features": "input_features",
    ]

    /// The same arrays under the names that a graph knows them by. A name that the graph itself has stays, as does one
    /// that nothing is known of.
    static func translated(_ arrays: [String: Tensor], for graph: CheckedGraph) -> [String: Tensor] {
        var result = arrays
        for (name, array) in arrays where !graph.inputs.contains(name) {
            guard let own = ours[name], arrays[own] == nil else { continue }
            result[name] = nil
            result[own] = array
        }
        return result
    }
}
