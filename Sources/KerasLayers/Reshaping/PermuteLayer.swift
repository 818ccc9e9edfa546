import JSON
import KerasGraphs
import Platform

/// Axes in another order.
enum PermuteLayer: KerasLayerClass {
    static let names = ["Permute"]
    static let options: Set<String>? = ["dims"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let order = call.config["dims"]?.arrayValue?.compactMap { $0.boundedInteger.map { $0 - 1 } } ?? []
        return [.tensor(try builder.permuted(try call.input(), order, for: call))]
    }
}
