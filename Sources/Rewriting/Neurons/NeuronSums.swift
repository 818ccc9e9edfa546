import ModelGraph
import Plans
import Runtime

/// Sums over rows of the neurons of feed-forward parts: all that orders and refits need to know of them.
///
/// Their size is the square of a part's width, whatever the number of texts.
package enum NeuronSums {
    /// Rows that are collected at a time.
    private static let chunkRows = 1024
    /// Bytes of sums that are held at a time.
    private static let heldBytes = 320 << 20

    /// Parts cut into batches whose sums fit into memory together; one at least is in each.
    package static func batches(of parts: [FeedForwardPart]) -> [[FeedForwardPart]] {
        var result: [[FeedForwardPart]] = []
        var bytes = 0
        for part in parts {
            let size = 8 * part.width * part.width
            if !result.isEmpty, bytes + size <= heldBytes {
                result[result.count - 1].append(part)
                bytes += size
            } else {
                result.append([part])
                bytes = size
            }
        }
        return result
    }

    /// Sums of one batch, part by part, over what a model computes; rows that everything is read from weigh more.
    ///
    /// - Throws: When the model cannot be run; `AnalysisError.cancelled`.
    package static func collect(
        _ model: Model, _ parts: [FeedForwardPart], _ sequences: [ModelInput], pooling: Pooling?,
        resources: ExecutionResources
    ) throws(AnalysisError) -> [RowStatistics] {
        let names = parts.map(\.features)
        let compiled = try model.compiled(resources: resources, observing: Observation(values: Set(names)))
        let emphasis = model.graph.emphasis(pooling: pooling)
        let workers = CancellableWorkers(resources)
        var sums = parts.map { RowStatistics(features: $0.width, targets: 0) }
        for chunk in sequences.batches(rows: chunkRows, by: .reaching) {
            let rows = try compiled.collect(Array(sequences[chunk]), values: names)
            for (index, name) in names.enumerated() {
                guard let features = rows.values[name] else { continue }
                var ranges = rows.ranges(of: name)
                if let emphasis, emphasis.rows == model.graph.shapes[name]?.rows {
                    ranges = emphasis.weighted(ranges)
                }
                try sums[index].add(
                    features: features, targets: RowBuffer(rows: features.rows, columns: 0), rows: ranges,
                    workers: workers)
            }
        }
        return sums
    }
}
