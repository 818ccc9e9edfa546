import KerasFiles
import KerasGraphs
import Platform

/// KerasHub's attention with a cache for decoding: without one, attention that heeds only the mask that it is handed.
enum CachedAttentionLayer: KerasLayerClass {
    static let names = ["keras_hub>CachedMultiHeadAttention", "keras_nlp>CachedMultiHeadAttention"]
    static let options: Set<String>? = ProjectedAttention.options

    static func variables(of layer: KerasLayer) -> [VariableGroup] { ProjectedAttention.variables(of: layer) }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        guard call[4, "cache"].isNone, call[5, "cache_update_index"].isNone else {
            throw call.unsupported("reads or writes a cache")
        }
        let heads = try call.size("num_heads"), headSize = try call.size("key_dim")
        let valueSize = call.has("value_dim") ? try call.size("value_dim") : headSize
        // Documents of the decoder say so: it hands the mask of its own input on.
        let heedsKeys = call.keywords["heeds_key_masks"]?.constant?.boolValue ?? false
        return try ProjectedAttention(
            call: call, heads: heads, groups: heads, headSize: headSize, valueSize: valueSize, maskPosition: 3,
            implicit: heedsKeys ? .keys : AttentionMasks.Implicit.none
        ).apply(in: &builder)
    }
}
