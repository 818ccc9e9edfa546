import ModelGraph
import Platform
import Rewriting
import Runtime

/// For each attention node: what its heads lose when they look at one key only, and the error at the model's output.
///
/// One run of the node with all heads so tells which of them lose least; curves are measured as those of heads that
/// borrow.
enum HardPass {
    /// Rows that are collected at a time.
    private static let chunkRows = 4096

    /// The branches that are measured, in execution order.
    static func branches(of graph: CheckedGraph) -> [Branch] {
        let read = Set(graph.headsInUse.map(\.node))
        return graph.branches.filter { $0.isAttention && !read.contains($0.node) }
    }

    /// - Parameters:
    ///   - wanted: The attention nodes that are measured; what is found for one does not depend on the others.
    ///   - found: Called with each curve as soon as it is measured.
    static func run(
        _ model: Model, of wanted: Set<String>, calibration: CalibrationSet, sums: SourceSums, probe: OutputProbe,
        resources: ExecutionResources, found: (DamageCurve) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let branches = branches(of: model.graph).filter { wanted.contains($0.node) }
        for branch in branches {
            guard let node = model.graph.node(named: branch.node), let attention = node.attention,
                !attention.computedHeads.isEmpty
            else { continue }
            let lost = try Self.losses(
                model, node, calibration.sample(tokens: CandidatePass.sampleTokens), resources)
            let order = attention.computedHeads.sorted { (lost[$0] ?? 0, $0) < (lost[$1] ?? 0, $1) }
            var points: [DamageCurve.Point] = []
            for share in CurvePass.shares {
                try CancellableWorkers(resources).check()
                let count = Int((share * Double(order.count)).rounded())
                guard count > (points.last?.heads ?? 0) else { continue }
                let trial = try model.looking(at: order.prefix(count), of: node)
                let fitted = try trial.refitted(branch, sums, resources)
                points.append(.init(heads: count, difference: try probe.difference(of: fitted)))
            }
            try found(
                DamageCurve(
                    node: node.name, order: order, local: order.map { (lost[$0] ?? 0).rounded(8) }, points: points))
        }
    }

    /// By head, the energy of what it gives otherwise, behind the output projection, as a share of all heads' energy.
    private static func losses(
        _ model: Model, _ node: Node, _ sequences: [ModelInput], _ resources: ExecutionResources
    ) throws(AnalysisError) -> [Int: Double] {
        guard let attention = node.attention, let output = model.tensor(of: node, "output_weight")?.matrix else {
            return [:]
        }
        let observation = Observation(contexts: [node.name])
        let soft = try model.compiled(resources: resources, observing: observation)
        let hard = try model.looking(at: attention.computedHeads[...], of: node).compiled(
            resources: resources, observing: observation)
        let width = attention.keptHeads.count * attention.valueSize
        var errors = RowStatistics(features: width, targets: 0), whole = errors
        for chunk in sequences.batches(rows: chunkRows, by: .reaching) {
            let part = Array(sequences[chunk])
            guard let own = try soft.collect(part, contexts: [node.name]).contexts[node.name],
                let other = try hard.collect(part, contexts: [node.name]).contexts[node.name]
            else { continue }
            let none = RowBuffer(rows: own.rows, columns: 0), rows = [0..<own.rows]
            other.subtract(own)
            let workers = CancellableWorkers(resources)
            try whole.add(features: own, targets: none, rows: rows, workers: workers)
            try errors.add(features: other, targets: none, rows: rows, workers: workers)
        }
        let lost = errors.gram, all = whole.gram(centredAt: whole.featureMeans)
        var result: [Int: Double] = [:], total = 0.0
        for (slot, head) in attention.keptHeads.enumerated() {
            let columns = Array(slot * attention.valueSize..<(slot + 1) * attention.valueSize)
            let rows = output.selecting(rows: columns)
            let metric = rows.multiplied(by: rows.transposed)
            result[head] = lost.selecting(rows: columns).selecting(columns: columns).dot(metric)
            total += all.selecting(rows: columns).selecting(columns: columns).dot(metric)
        }
        return result.mapValues { $0 / max(total, .leastNormalMagnitude) }
    }
}

extension Model {
    /// The model in which some heads of a node look at one key only.
    fileprivate func looking(at heads: ArraySlice<Int>, of node: Node) throws(AnalysisError) -> Model {
        var plan = ReusePlan(of: graph)
        for head in heads { plan.set(.hard, of: HeadID(node: node.name, head: head)) }
        return try applying(plan)
    }
}
