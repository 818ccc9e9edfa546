import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Attention that a program makes of four kernels `[width, width]` of its own, split into heads by reshaping.
///
/// Head `h` has the columns `h · size ..< (h + 1) · size`, as in Keras's own kernels `[width, heads, size]`.
package enum MatrixAttentionLayer: KerasLayerClass {
    /// No configuration spells a class so: only patterns of custom layers have such parts.
    package static let className = "attention of four kernels"
    package static let names = [className]
    /// Where the objects of queries, keys, values and output are, seen from the layer around the attention.
    package static let objectsKey = "places of the kernels"
    /// Which of the four were created first, second, third and last.
    package static let orderKey = "order of the kernels"

    private static let objects = ["query_dense", "key_dense", "value_dense", "output_dense"]

    package static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let hasBias = layer.flag("use_bias", default: true)
        let order = (layer.config[orderKey]?.arrayValue ?? []).compactMap(\.intValue)
        let numbers = order.sorted() == Array(objects.indices) ? order : Array(objects.indices)
        return numbers.map { .kernel(objects[$0], hasBias: hasBias) }
    }

    /// Where an object of the layer is stored; `nil` for layers of other classes.
    package static func place(of object: String, in layer: KerasLayer) -> String? {
        guard layer.className == className, let number = objects.firstIndex(of: object),
            let places = layer.config[objectsKey]?.arrayValue, places.indices.contains(number)
        else { return nil }
        return places[number].stringValue
    }

    package static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let heads = try call.size("num_heads"), width = try call.size("width")
        guard width.isMultiple(of: heads) else { throw call.unsupported("\(width) columns and \(heads) heads") }
        let size = width / heads
        let scale: Float? =
            switch call.config["score_scale"]?.stringValue {
            case "root_width": 1 / Float(width).squareRoot()
            case "nothing": 1
            default: nil
            }
        return try ProjectedAttention(
            call: call, heads: heads, groups: heads, headSize: size, valueSize: size, scale: scale
        ).apply(in: &builder)
    }
}
