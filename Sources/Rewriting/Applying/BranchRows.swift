import Matrices
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

    /// Statistics of the rows of some chunks of the source's texts; `nil`: of all.
    package func statistics(chunks wanted: Range<Int>? = nil) throws(AnalysisError) -> FitStatistics? {
        var sums: FitStatistics?
        let isWhole = try forEachChunk(of: wanted ?? source.chunks.indices) { (rows) throws(AnalysisError) in
            if sums == nil {
                sums = FitStatistics(features: rows.features.columns, targets: rows.targets.columns)
            }
            try sums?.train.add(
                features: rows.features, targets: rows.targets, rows: rows.train, workers: workers)
            try sums?.heldOut.add(
                features: rows.features, targets: rows.targets, rows: rows.heldOut, workers: workers)
        }
        return isWhole ? sums : nil
    }

    /// The rows of some chunks themselves; `nil`: of all.
    package func rows(chunks wanted: Range<Int>? = nil) throws(AnalysisError) -> FewRows? {
        var result: FewRows?
        let isWhole = try forEachChunk(of: wanted ?? source.chunks.indices) { (rows) throws(AnalysisError) in
            if result == nil { result = FewRows(features: rows.features.columns, targets: rows.targets.columns) }
            result?.train.add(rows.features, rows.targets, rows.train)
            result?.heldOut.add(rows.features, rows.targets, rows.heldOut)
        }
        return isWhole ? result : nil
    }

    /// Weights that fit the rows best; `nil` where none are better than those that are there.
    ///
    /// - Parameter prior: Those that are there, `[features, targets]`.
    package func fit(prior: Matrix) throws(AnalysisError) -> RidgeFit? {
        if FewRows.areFew(source.sequences, features: prior.rows) {
            return try rows()?.fit(prior: prior, strengths: RidgeFit.strengths, workers: workers)
        }
        guard let sums = try statistics() else { return nil }
        return try RidgeFit.fit(train: sums.train, heldOut: sums.heldOut, prior: prior, workers: workers)
    }

    /// Features and targets of one chunk.
    private struct Chunk {
        let features, targets: RowBuffer
        /// Rows that fit, and rows that choose.
        let train, heldOut: [Range<Int>]
    }

    /// - Returns: `false` where rows do not belong together.
    private func forEachChunk(
        of wanted: Range<Int>, _ body: (Chunk) throws(AnalysisError) -> Void
    ) throws(AnalysisError) -> Bool {
        for number in wanted {
            let chunk = source.chunks[number]
            guard let target = try targets.chunk(number, of: chunk) else { return false }
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
            guard let features, features.columns > 0, features.rows == target.rows else { return false }
            for other in branch.others { if let rows = rows.values[other] { target.subtract(rows) } }
            let ranges = rows.ranges(of: name)
            func weighted(_ isWanted: (Int) -> Bool) -> [Range<Int>] {
                let wanted = chunk.indices.filter { isWanted(source.first + $0) }.map { ranges[$0 - chunk.lowerBound] }
                guard let emphasis = source.emphasis, emphasis.rows == axis else { return wanted }
                return emphasis.weighted(wanted)
            }
            let chooses = { (index: Int) in index % Self.heldOutEvery == Self.heldOutEvery - 1 }
            try body(
                Chunk(
                    features: features, targets: target, train: weighted { !chooses($0) }, heldOut: weighted(chooses)))
        }
        return true
    }
}
