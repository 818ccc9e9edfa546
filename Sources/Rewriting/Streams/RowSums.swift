import ModelGraph
import Runtime

/// Sums over rows of some values of a model: all that fits of one value by itself need to know.
///
/// Their size is the square of a value's width, whatever the number of texts.
package enum RowSums {
    /// Rows that are collected at a time.
    private static let chunkRows = 1024
    /// Bytes of sums that are held at a time.
    private static let heldBytes = 320 << 20

    /// Things cut into batches whose sums fit into memory together; one at least is in each.
    ///
    /// - Parameter width: Columns of a thing's value.
    package static func batches<Thing>(of things: [Thing], width: (Thing) -> Int) -> [[Thing]] {
        var result: [[Thing]] = []
        var bytes = 0
        for thing in things {
            let size = 8 * width(thing) * width(thing)
            if !result.isEmpty, bytes + size <= heldBytes {
                result[result.count - 1].append(thing)
                bytes += size
            } else {
                result.append([thing])
                bytes = size
            }
        }
        return result
    }

    /// Sums of some values, in their order, over what a model computes.
    ///
    /// - Parameters:
    ///   - emphasis: Rows that weigh more, where values have rows along their axis.
    ///   - activations: Where runs of the model begin, kept for these sequences; `nil`: at its inputs.
    /// - Throws: When the model cannot be run; `AnalysisError.cancelled`.
    package static func collect(
        _ model: Model, values names: [String], _ sequences: [ModelInput], emphasis: RowEmphasis?,
        from activations: CachedActivations? = nil, resources: ExecutionResources
    ) throws(AnalysisError) -> [RowStatistics] {
        let begun = try (activations ?? CachedActivations(nothingOf: model, sequences)).begun(
            model, observing: Observation(values: Set(names)), resources: resources)
        let workers = CancellableWorkers(resources)
        var sums = names.map { RowStatistics(features: model.graph.shapes[$0]?.width ?? 0, targets: 0) }
        for chunk in sequences.batches(rows: chunkRows, by: .reaching) {
            let rows = try begun.collect(chunk, values: Set(names).sorted())
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
