import KerasFiles
import KerasGraphs
import Platform

/// Multi-head attention, over itself or over another tensor.
enum MultiHeadAttentionLayer: KerasLayerClass {
    static let names = ["MultiHeadAttention"]
    static let options: Set<String>? = ProjectedAttention.options

    static func variables(of layer: KerasLayer) -> [VariableGroup] { ProjectedAttention.variables(of: layer) }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let heads = try call.size("num_heads"), headSize = try call.size("key_dim")
        let valueSize = call.has("value_dim") ? try call.size("value_dim") : headSize
        return try ProjectedAttention(
            call: call, heads: heads, groups: heads, headSize: headSize, valueSize: valueSize,
            takesMasksOff: call.generation == .keras3
        ).apply(in: &builder)
    }
}
