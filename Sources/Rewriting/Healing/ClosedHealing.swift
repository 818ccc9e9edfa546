import Matrices
import ModelGraph
import Platform
import Runtime
import Statistics

/// Pulls a rewritten model back to its source, branch by branch in execution order, without gradients.
///
/// Each refit sees what the rewrite really computes upstream, so it also takes back errors of the layers before. Output
/// projections of changed attention nodes are refitted, and the second matrices of feed-forward parts that lost
/// neurons; those of the others after the first change where that lowers the error at the model's output.
struct ClosedHealing {
    let source: Model
    let sequences: [ModelInput]
    let probe: OutputProbe
    let resources: ExecutionResources
    let fitsFeedForward: Bool
    /// How embeddings are made, where the model's files do not say it.
    let pooling: Pooling?
    /// Where refits are kept while healing goes on.
    let kept: KeptRefits?

    /// A healed model, how far its outputs are from the source's, and what was done.
    struct Result {
        let model: Model
        let steps: [HealingSummary.Step]
        let after: OutputDifference
        let outcome: HealingSummary.Outcome
    }

    /// Weights whose norm more than doubles have fitted noise.
    static let largestGrowth = 2.0
    /// λ for feed-forward matrices that lost nothing: four times as many features, so weak pulls overfit at every
    /// measured layer.
    static let feedForwardStrengths: [Double] = [3e-2, 1e-1, 3e-1, 1, 3]
    /// Bytes of activations that are kept of the source, and of the rewrite: four times what the weights take, within
    /// bounds.
    private var keptBytes: Int {
        let weights = source.tensors.values.reduce(0) { $0 + $1.byteCount }
        return min(max(4 * weights, 256 << 20), 1 << 30)
    }

    /// Heals a rewrite whose nodes `changed` have other sources than the source model.
    ///
    /// What comes out is never worse at the model's use than the rewrite, on the texts of the probe: where all refits
    /// together are, those that came after the best state are taken back, or all.
    ///
    /// - Parameter plain: What is left where no refit helps.
    func heal(
        _ rewrite: Model, plain: Model, changed: Set<String>, before: OutputDifference, progress: (Int, Int) -> Void
    ) throws(AnalysisError) -> Result {
        let branches = source.graph.branches.map { $0.asLinear(in: rewrite.graph) }
        guard let first = branches.firstIndex(where: { changed.contains($0.node) }) else {
            return Result(model: rewrite, steps: [], after: before, outcome: .kept)
        }
        let candidates = branches[first...].filter { branch in
            rewrite.canRefit(branch) && (changed.contains(branch.node) || !branch.isAttention && fitsFeedForward)
        }
        let earlier = try kept?.refits() ?? []
        // Refits that were kept need no rows of the source.
        var state =
            earlier.count < candidates.count
            ? State(
                sums: try SourceSums(
                    source, branches: [], sequences: sequences, keeping: keptBytes, pooling: pooling,
                    resources: resources),
                activations: CachedActivations(nothingOf: rewrite, sequences), probe: probe, limit: keptBytes) : nil
        var model = rewrite
        var steps: [HealingSummary.Step] = []
        var damage = before
        // The best state on the way that is not worse than none at all.
        var best: (model: Model, steps: Int, after: OutputDifference)?
        for (index, branch) in candidates.enumerated() {
            progress(index, candidates.count)
            try CancellableWorkers(resources).check()
            let isChanged = changed.contains(branch.node)
            let refit: Refit
            if index < earlier.count {
                refit = earlier[index]
                try refit.check(branch, of: model)
            } else {
                try state?.advance(to: model, branches: candidates[(candidates.startIndex + index)...], resources)
                guard let state else { break }
                refit = try self.refit(branch, isChanged: isChanged, of: model, state)
                try kept?.keep(refit, number: index)
            }
            guard let fit = refit.fit, let difference = refit.difference else {
                steps.append(refit.step)
                continue
            }
            var judged = refit.step
            judged.damageBefore = damage.damage.rounded(8)
            judged.damageAfter = difference.damage.rounded(8)
            // A matrix of a changed node is what the plan was made for; its neighbours downstream expect it.
            if isChanged || difference.damage < damage.damage {
                model = try model.replacing(branch, by: fit)
                damage = difference
                if !damage.isWorse(than: before), damage.damage <= best?.after.damage ?? before.damage {
                    best = (model, steps.count + 1, damage)
                }
            } else {
                judged.verdict = .worseOutput
            }
            steps.append(judged)
        }
        progress(candidates.count, candidates.count)
        guard damage.isWorse(than: before) else {
            return Result(model: model, steps: steps, after: damage, outcome: .kept)
        }
        // Too few texts, texts that are too much alike, or layers that came nearer to the source's and outputs that
        // did not: what was fitted does not carry over.
        for index in steps.indices.dropFirst(best?.steps ?? 0) where steps[index].verdict == .kept {
            steps[index].verdict = .worseOutput
        }
        return Result(
            model: best?.model ?? plain, steps: steps, after: best?.after ?? before,
            outcome: best == nil ? .takenBack : .partlyKept)
    }

    /// Where runs of the source and of the rewrite begin: in front of the branches that are still to be refitted, which
    /// see nothing of what comes after them.
    private struct State {
        var sums: SourceSums
        var activations: CachedActivations
        var probe: OutputProbe
        let limit: Int

        mutating func advance(
            to model: Model, branches: ArraySlice<Branch>, _ resources: ExecutionResources
        ) throws(AnalysisError) {
            let nodes = model.graph.beginnings(of: branches.map(\.node))
            try sums.advance(to: branches)
            activations = try CachedActivations(
                of: model, model.graph.cut(before: nodes), sequences: activations.sequences,
                keeping: limit, from: activations, resources: resources)
            try probe.advance(to: model, rewriting: nodes)
        }
    }

    /// One refit; without a fit when it is not worth keeping.
    private func refit(
        _ branch: Branch, isChanged: Bool, of model: Model, _ state: State
    ) throws(AnalysisError) -> Refit {
        let prior = try model.weight(of: branch)
        let rows = try BranchRows(
            branch, source: state.sums, rewritten: model, from: state.activations, resources: resources)
        guard let statistics = try rows.statistics(),
            let fit = try RidgeFit.fit(
                train: statistics.train, heldOut: statistics.heldOut, prior: prior,
                strengths: isChanged ? RidgeFit.strengths : Self.feedForwardStrengths,
                workers: CancellableWorkers(resources))
        else { return Refit(step: .init(node: branch.node, verdict: .noGain)) }
        let growth = fit.weight.norm / max(prior.norm, .leastNormalMagnitude)
        var step = HealingSummary.Step(
            node: branch.node, verdict: .kept, strength: fit.strength,
            remaining: (fit.errorAfter / max(fit.errorBefore, .leastNormalMagnitude)).rounded(6),
            growth: growth.rounded(6))
        // A matrix that stands in for attention has nothing to be in proportion to.
        let isNew = source.graph.node(named: branch.node)?.attention != nil && !branch.isAttention
        guard isNew || growth <= Self.largestGrowth else {
            step.verdict = .grown
            return Refit(step: step)
        }
        let refitted = try model.replacing(branch, by: fit)
        return Refit(step: step, fit: fit, difference: try state.probe.difference(of: refitted))
    }
}
