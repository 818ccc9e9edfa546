import JSON
import Matrices
import ModelGraph
import Platform
import Plans
import Rewriting
import Runtime

/// Which neurons of each feed-forward part can be spared, and the error at the model's output when they are.
///
/// One pass of the model collects the covariances of some parts' neurons, as many as memory should hold; orders and
/// refitted matrices follow from them alone. Each point of a curve takes one pass over the texts that choose.
enum NeuronPass {
    /// Shares of a part's neurons at which its curve is measured.
    static let shares = [0.125, 0.25, 0.5, 0.75, 1]
    /// Tokens that covariances are summed over.
    static let sampleTokens = 32768
    /// Neurons that plans take at a time, where a part is wide enough: columns of a panel of the kernels.
    private static let group = 16

    /// The parts whose curves can be measured, in execution order.
    static func parts(of model: Model) -> [FeedForwardPart] {
        let branches = Set(model.graph.branches.filter { !$0.isAttention && model.canRefit($0) }.map(\.node))
        return model.graph.feedForwardParts.filter { branches.contains($0.node) && $0.width > 1 }
    }

    /// - Parameters:
    ///   - wanted: The parts that are measured, by their last nodes; what is found for one does not depend on the
    ///     others.
    ///   - found: Called with each part as soon as it is measured; without a curve where its neurons say nothing.
    static func run(
        _ model: Model, of wanted: Set<String>, calibration: CalibrationSet, probe: OutputProbe, pooling: Pooling?,
        resources: ExecutionResources, progress: (Int, Int) -> Void,
        found: (FeedForwardPart, NeuronCurve?) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let parts = parts(of: model).filter { wanted.contains($0.node) }
        let sample = calibration.sample(tokens: Self.sampleTokens)
        var done = 0
        let steps = Self.shares.count + 1
        let total = parts.count * steps
        for batch in NeuronSums.batches(of: parts) {
            progress(done * steps, total)
            let statistics = try NeuronSums.collect(model, batch, sample, pooling: pooling, resources: resources)
            let eliminations = try Self.eliminations(model, batch, statistics, CancellableWorkers(resources))
            for (index, part) in batch.enumerated() {
                done += 1
                guard let elimination = eliminations[index] else {
                    try found(part, nil)
                    continue
                }
                let groups = Self.groups(of: part)
                var points: [NeuronCurve.Point] = []
                for mark in Self.marks(of: part) {
                    progress((done - 1) * steps + points.count + 1, total)
                    guard let state = elimination.states[mark] else { continue }
                    let trial = try model.keeping(state, of: part, statistics[index])
                    points.append(.init(neurons: mark, difference: try probe.difference(of: trial)))
                }
                let curve = NeuronCurve(
                    node: part.node, width: part.width,
                    order: groups.map { IndexList(elimination.order[$0].sorted()) },
                    local: groups.map { elimination.errors[$0.upperBound - 1].rounded(8) }, points: points)
                try found(part, curve)
            }
        }
        progress(total, total)
    }

    /// Which removals belong to one step of a plan: what is left is always a multiple of the group.
    static func groups(of part: FeedForwardPart) -> [Range<Int>] {
        let size = part.width >= 8 * group ? group : max(1, part.width / 16)
        var result: [Range<Int>] = []
        var start = 0
        let last = part.width - size
        while start < last {
            let count = start == 0 && part.width % size > 0 ? part.width % size : size
            result.append(start..<start + count)
            start += count
        }
        return result
    }

    /// Counts of removed neurons at which the curve is measured.
    private static func marks(of part: FeedForwardPart) -> [Int] {
        let ends = groups(of: part).map(\.upperBound)
        let wanted = shares.map { share in
            ends.min { abs(Double($0) - share * Double(part.width)) < abs(Double($1) - share * Double(part.width)) }
                ?? 0
        }
        return Set(wanted).filter { $0 > 0 }.sorted()
    }

    /// The parts' orders; `nil` for one whose neurons say nothing.
    private static func eliminations(
        _ model: Model, _ parts: [FeedForwardPart], _ statistics: [RowStatistics], _ workers: CancellableWorkers
    ) throws(AnalysisError) -> [NeuronElimination?] {
        var weights: [Matrix] = []
        for part in parts {
            let id = ParameterID(node: part.node, name: "weight")
            guard let tensor = model.tensors[id] else { throw .tensor(id, reason: "is missing") }
            weights.append(tensor.matrix)
        }
        let slots = Lock([NeuronElimination?](repeating: nil, count: parts.count))
        let matrices = weights
        try workers.run(parts.count) { index in
            let sums = statistics[index]
            guard sums.count > 0 else { return }
            let (covariance, ridge) = sums.covariance
            let marks = Self.marks(of: parts[index])
            // Cancelled work is noticed below.
            let found = try? NeuronElimination(
                covariance: covariance, ridge: ridge, weight: matrices[index],
                most: Self.groups(of: parts[index]).last?.upperBound ?? 0, marks: Set(marks), workers: workers)
            slots.withLock { $0[index] = found ?? nil }
        }
        return slots.withLock { $0 }
    }
}

extension Model {
    /// The model with a part narrowed to a state of its elimination, means of what went in the bias.
    fileprivate func keeping(
        _ state: NeuronElimination.State, of part: FeedForwardPart, _ sums: RowStatistics
    ) throws(AnalysisError) -> Model {
        var plan = ReusePlan(of: graph)
        plan.neurons = [.init(node: part.node, width: part.width, kept: IndexList(state.kept))]
        let weight = ParameterID(node: part.node, name: "weight")
        guard let old = tensors[weight]?.matrix else { throw .tensor(weight, reason: "is missing") }
        var result = try applying(plan)
        try result.setLastMatrix(of: part, state.weight, keeping: state.kept, sums, old: old)
        return result
    }
}
