import ModelGraph
import Rewriting
import Runtime

/// Where runs of a model, and of what is quantised of it so far, begin: in front of what is still to be quantised.
struct StreamActivations {
    var reference: CachedActivations
    var current: CachedActivations

    /// Bytes that are kept of each.
    private static let keptBytes = 256 << 20

    /// Moves on to the units that are left.
    mutating func advance(
        _ model: Model, _ quantized: Model, to units: ArraySlice<QuantizationUnit>, _ resources: ExecutionResources
    ) throws(AnalysisError) {
        let sequences = reference.sequences
        let cut = model.graph.cut(before: model.graph.beginnings(of: units.map(\.node)))
        reference = try CachedActivations(
            of: model, cut, sequences: sequences, keeping: resources.keeping(Self.keptBytes), from: reference,
            resources: resources)
        current = try CachedActivations(
            of: quantized, cut, sequences: sequences, keeping: resources.keeping(Self.keptBytes), from: current,
            resources: resources)
    }
}
