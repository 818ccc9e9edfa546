import ModelGraph
import Platform
import Runtime
import Statistics

/// Pulls a rewritten model back to its source, branch by branch in execution order, without gradients.
///
/// Each refit sees what the rewrite really computes upstream, so it also takes back errors of the layers before. Output
/// projections of changed attention nodes are refitted; the second feed-forward matrices after the first change where
/// that lowers the error at the model's output.
struct ClosedHealing {
    let source: Model
    let sequences: [ModelInput]
    let probe: OutputProbe
    let resources: ExecutionResources
    let fitsFeedForward: Bool

    /// Weights whose norm more than doubles have fitted noise.
    static let largestGrowth = 2.0
    /// λ for feed-forward matrices: four times as many features, so weak pulls overfit at every measured layer.
    static let feedForwardStrengths: [Double] = [3e-2, 1e-1, 3e-1, 1, 3]
    /// Bytes of the source's rows that are kept: each branch is refitted once.
    static let keptBytes = 64 << 20

    /// Heals a rewrite whose nodes `changed` have other sources than the source model.
    func heal(
        _ rewrite: Model, changed: Set<String>, before: OutputDifference, progress: (Int, Int) -> Void
    ) throws(AnalysisError) -> (model: Model, steps: [HealingSummary.Step], after: OutputDifference) {
        let branches = source.graph.branches
        guard let first = branches.firstIndex(where: { changed.contains($0.node) }) else {
            return (rewrite, [], before)
        }
        let candidates = branches[first...].filter { branch in
            rewrite.canRefit(branch) && (branch.isAttention ? changed.contains(branch.node) : fitsFeedForward)
        }
        let sums = try SourceSums(
            source, branches: Array(candidates), sequences: sequences, keeping: Self.keptBytes, resources: resources)
        var model = rewrite
        var steps: [HealingSummary.Step] = []
        var damage = before
        for (index, branch) in candidates.enumerated() {
            progress(index, candidates.count)
            try CancellableWorkers(resources).check()
            let (refitted, step) = try refit(branch, of: model, sums)
            guard let refitted else {
                steps.append(step)
                continue
            }
            let difference = try probe.difference(of: refitted)
            var judged = step
            judged.damageBefore = damage.damage.rounded(8)
            judged.damageAfter = difference.damage.rounded(8)
            // A projection of a changed node is what the plan was made for; its neighbours downstream expect it.
            if branch.isAttention || difference.damage < damage.damage {
                model = refitted
                damage = difference
            } else {
                judged.verdict = .worseOutput
            }
            steps.append(judged)
        }
        progress(candidates.count, candidates.count)
        return (model, steps, damage)
    }

    /// One refit; the model is `nil` when it is not worth keeping.
    private func refit(
        _ branch: Branch, of model: Model, _ sums: SourceSums
    ) throws(AnalysisError) -> (Model?, HealingSummary.Step) {
        let prior = try model.weight(of: branch)
        let rows = try BranchRows(branch, source: sums, rewritten: model, resources: resources)
        guard let statistics = try rows.statistics(),
            let fit = try RidgeFit.fit(
                train: statistics.train, heldOut: statistics.heldOut, prior: prior,
                strengths: branch.isAttention ? RidgeFit.strengths : Self.feedForwardStrengths,
                workers: CancellableWorkers(resources))
        else { return (nil, .init(node: branch.node, verdict: .noGain)) }
        let growth = fit.weight.norm / max(prior.norm, .leastNormalMagnitude)
        var step = HealingSummary.Step(
            node: branch.node, verdict: .kept, strength: fit.strength,
            remaining: (fit.errorAfter / max(fit.errorBefore, .leastNormalMagnitude)).rounded(6),
            growth: growth.rounded(6))
        guard growth <= Self.largestGrowth else {
            step.verdict = .grown
            return (nil, step)
        }
        return (try model.replacing(branch, by: fit), step)
    }
}
