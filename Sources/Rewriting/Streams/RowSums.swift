import ModelGraph
import Platform
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
    ///   - known: Sums over the same rows of the same model that were collected before; new ones are added.
    /// - Throws: When the model cannot be run; `AnalysisError.cancelled`.
    package static func collect(
        _ model: Model, values names: [String], _ sequences: [ModelInput], emphasis: RowEmphasis?,
        from activations: CachedActivations? = nil, knowing known: KnownSums? = nil, resources: ExecutionResources
    ) throws(AnalysisError) -> [RowStatistics] {
        let isWeighted = emphasis != nil
        let missing = names.filter { known?[$0, isWeighted] == nil }
        if missing.count < names.count {
            let found =
                missing.isEmpty
                ? []
                : try collect(
                    model, values: missing, sequences, emphasis: emphasis, from: activations, knowing: known,
                    resources: resources)
            let new = Dictionary(zip(missing, found), uniquingKeysWith: { first, _ in first })
            return names.compactMap { new[$0] ?? known?[$0, isWeighted] }
        }
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
        for (name, sum) in zip(names, sums) { known?.keep(sum, of: name, isWeighted) }
        return sums
    }
}

/// Sums over rows of values of one model on the same sequences, kept from one conversion to the next as far as memory
/// should hold them.
package final class KnownSums: Sendable {
    private struct Key: Hashable {
        let value: String
        /// Whether rows weigh differently.
        let isWeighted: Bool
    }

    private let sums = Lock<[Key: RowStatistics]>([:])
    /// Bytes that are kept.
    private let limit: Int

    package init(_ resources: ExecutionResources) { limit = resources.keeping(640 << 20) }

    fileprivate subscript(value: String, isWeighted: Bool) -> RowStatistics? {
        sums.withLock { $0[Key(value: value, isWeighted: isWeighted)] }
    }

    fileprivate func keep(_ statistics: RowStatistics, of value: String, _ isWeighted: Bool) {
        func bytes(_ sum: RowStatistics) -> Int { 8 * sum.featureCount * sum.featureCount }
        sums.withLock { sums in
            let held = sums.values.reduce(0) { $0 + bytes($1) }
            guard held + bytes(statistics) <= limit else { return }
            sums[Key(value: value, isWeighted: isWeighted)] = statistics
        }
    }
}
