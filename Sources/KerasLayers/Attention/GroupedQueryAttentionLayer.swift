import KerasFiles
import KerasGraphs
import Platform

/// Attention whose heads share keys and values in groups.
enum GroupedQueryAttentionLayer: KerasLayerClass {
    static let names = ["GroupQueryAttention", "GroupedQueryAttention"]
    static let options: Set<String>? = ProjectedAttention.options

    static func variables(of layer: KerasLayer) -> [VariableGroup] { ProjectedAttention.variables(of: layer) }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let size = try call.size("head_dim")
        let heads = try call.size("num_query_heads"), groups = try call.size("num_key_value_heads")
        guard heads.isMultiple(of: groups) else { throw call.corrupt("\(heads) heads in \(groups) groups") }
        return try ProjectedAttention(
            call: call, heads: heads, groups: groups, headSize: size, valueSize: size
        ).apply(in: &builder)
    }
}
