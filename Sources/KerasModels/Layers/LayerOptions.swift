/// Keys of the configuration that classes use whose files do not list them themselves.

extension DenseLayer {
    static let options: Set<String>? = ["units", "activation", "use_bias", "lora_rank", "input_dim"]
}

extension MultiHeadAttentionLayer {
    static let options: Set<String>? = [
        "num_heads", "key_dim", "value_dim", "use_bias", "output_shape", "attention_axes", "use_gate", "sliding_window",
    ]
}

extension GroupedQueryAttentionLayer {
    static let options: Set<String>? = [
        "head_dim", "num_query_heads", "num_key_value_heads", "use_bias", "use_gate", "sliding_window", "attention_axes",
        "output_shape",
    ]
}

extension ConcatenateLayer {
    static let options: Set<String>? = ["axis"]
}

extension FlattenLayer {
    static let options: Set<String>? = ["data_format"]
}

extension ReshapeLayer {
    static let options: Set<String>? = ["target_shape"]
}

extension PermuteLayer {
    static let options: Set<String>? = ["dims"]
}

extension MaskingLayer {
    static let options: Set<String>? = ["mask_value"]
}
