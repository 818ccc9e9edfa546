import ModelGraph
import Platform
import Runtime

/// Features and targets of a branch's refit, chunk by chunk, from a source model and its rewrite.
///
/// The target is what the branch must add so that the stream after the sum is the source's: the source's sum minus
/// what the rewrite really adds besides (asymmetric, so errors upstream are pulled back too).
package struct BranchRows {
    package let branch: Branch
    private let source: SourceSums
    private let targets: SourceSums.Rows
    private let rewritten: BegunModel
    /// What rows of the sum belong to.
    private let axis: RowSpace?
    private let workers: CancellableWorkers

    /// Every n-th sequence chooses the strength of the fit.
    private static let heldOutEvery = 8

    /// - Parameter activations: Where runs of the rewrite begin; `nil`: where those of the source do.
    package init(
        _ branch: Branch, source: SourceSums, rewritten: Model, from activations: CachedActivations? = nil,
        resources: ExecutionResources
    ) throws(AnalysisError) {
        self.branch = branch
        self.source = source
        targets = try source.rows(of: branch)
        workers = CancellableWorkers(resources)
        var observation = Observation(values: Set(branch.others))
        switch branch.features {
        case .context: observation.contexts = [branch.node]
        case .value(let name): observation.values.insert(name)
        }
        axis = rewritten.graph.shapes[branch.sum]?.rows
        self.rewritten = try (activations ?? source.activations).begun(
            rewritten, observing: observation, resources: resources)
    }

    /// Statistics of all rows: those that fit, and those that choose.
    package func statistics() throws(AnalysisError) -> (train: RowStatistics, heldOut: RowStatistics)? {
        var train: RowStatistics?
        var heldOut: RowStatistics?
        for (number, chunk) in source.chunks.enumerated() {
            guard let target = try targets.chunk(number, of: chunk) else { return nil }
            var names = Set(branch.others)
            var contexts: [String] = []
            let name: String
            switch branch.features {
            case .context:
                name = branch.node
                contexts = [name]
            case .value(let value):
                name = value
                names.insert(name)
            }
            let rows = try rewritten.collect(chunk, values: names.sorted(), contexts: contexts)
            let features = branch.isAttention ? rows.contexts[name] : rows.values[name]
            guard let features, features.columns > 0, features.rows == target.rows else { return nil }
            for other in branch.others { if let rows = rows.values[other] { target.subtract(rows) } }
            if train == nil {
                train = RowStatistics(features: features.columns, targets: target.columns)
                heldOut = train
            }
            let ranges = rows.ranges(of: name)
            func weighted(_ isWanted: (Int) -> Bool) -> [Range<Int>] {
                let wanted = chunk.indices.filter { isWanted($0) }.map { ranges[$0 - chunk.lowerBound] }
                guard let emphasis = source.emphasis, emphasis.rows == axis else { return wanted }
                return emphasis.weighted(wanted)
            }
            let chooses = { (index: Int) in index % Self.heldOutEvery == Self.heldOutEvery - 1 }
            try train?.add(
                features: features, targets: target, rows: weighted { !chooses($0) }, workers: workers)
            try heldOut?.add(
                features: features, targets: target, rows: weighted(chooses), workers: workers)
        }
        guard let train, let heldOut else { return nil }
        return (train, heldOut)
    }
}
