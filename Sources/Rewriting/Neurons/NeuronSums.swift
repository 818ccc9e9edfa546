import ModelGraph
import Plans
import Runtime

/// Sums over rows of the neurons of feed-forward parts: all that orders and refits need to know of them.
package enum NeuronSums {
    /// Parts cut into batches whose sums fit into memory together; one at least is in each.
    package static func batches(of parts: [FeedForwardPart]) -> [[FeedForwardPart]] {
        RowSums.batches(of: parts, width: \.width)
    }

    /// Sums of one batch, part by part, over what a model computes; rows that everything is read from weigh more.
    ///
    /// - Throws: When the model cannot be run; `AnalysisError.cancelled`.
    package static func collect(
        _ model: Model, _ parts: [FeedForwardPart], _ sequences: [ModelInput], pooling: Pooling?,
        knowing known: KnownSums? = nil, resources: ExecutionResources
    ) throws(AnalysisError) -> [RowStatistics] {
        try RowSums.collect(
            model, values: parts.map(\.features), sequences, emphasis: model.graph.emphasis(pooling: pooling),
            knowing: known, resources: resources)
    }
}
