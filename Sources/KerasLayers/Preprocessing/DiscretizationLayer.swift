import JSON
import KerasGraphs
import ModelGraph
import Platform

/// Numbers put into bins: the number of boundaries that are not above each.
enum DiscretizationLayer: KerasLayerClass {
    static let names = ["Discretization"]
    static let options: Set<String>? = ["bin_boundaries", "num_bins", "epsilon", "output_mode"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let listed = call.config["bin_boundaries"]?.arrayValue ?? []
        let boundaries = listed.compactMap(\.doubleValue).map { Float($0) }
        guard !boundaries.isEmpty, boundaries.count == listed.count else {
            throw call.unsupported("its boundaries are not in the configuration")
        }
        guard zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw call.corrupt("its boundaries do not ascend")
        }
        try call.refuse(["sparse"])
        let input = try call.input().withoutMask
        let bins = try builder.bins(input, boundaries, for: call)
        return [.tensor(try builder.encoded(bins, count: boundaries.count + 1, mode: call.outputMode, for: call))]
    }
}
