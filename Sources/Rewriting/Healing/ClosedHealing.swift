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
    /// How several processes refit together; `nil`: this one alone does.
    let rounds: RefitRounds?

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
        return resources.keeping(min(max(4 * weights, 256 << 20), 1 << 30))
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
            ? HealingState(
                source: source, rewrite: rewrite, branches: candidates[...], sequences: sequences, probe: probe,
                keeping: keptBytes, pooling: pooling, resources: resources) : nil
        var rounds = rounds
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
                if rounds != nil, let kept { kept.removeSums(of: index, among: try kept.names()) }
            } else if rounds != nil, let kept, let made = try kept.refit(index, among: try kept.names()) {
                // A worker that comes later runs nothing for what is done.
                refit = made
                try refit.check(branch, of: model)
                kept.removeSums(of: index, among: try kept.names())
            } else {
                guard var current = state.take() else { break }
                try current.advance(to: model, branches: candidates[(candidates.startIndex + index)...])
                let place = Place(branch: branch, isChanged: isChanged, number: index)
                refit = try self.refit(place, of: model, &current, &rounds)
                state = current
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
                model = try model.replacing(branch, by: fit, resources)
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

    /// A branch that is refitted.
    struct Place {
        let branch: Branch
        let isChanged: Bool
        /// Its number among those of the conversion.
        let number: Int
    }

    /// One refit, by this process alone or together with others.
    private func refit(
        _ place: Place, of model: Model, _ state: inout HealingState, _ rounds: inout RefitRounds?
    ) throws(AnalysisError) -> Refit {
        let prior = try model.weight(of: place.branch)
        if state.areFew(features: prior.rows) {
            if rounds == nil { try state.begin(state.texts.parts.indices) }
            let fit = try state.rows(of: place.branch)?.fit(
                prior: prior, strengths: strengths(of: place), workers: CancellableWorkers(resources))
            let refit = try judged(fit, prior, place, of: model, state.probe)
            try kept?.keep(refit, number: place.number)
            return refit
        }
        if var current = rounds.take() {
            let refit = try shared(place, of: model, &state, &current)
            rounds = current
            return refit
        }
        try state.begin(state.texts.parts.indices)
        var sums: FitStatistics?
        for part in state.texts.parts.indices {
            guard let own = try state.statistics(of: place.branch, part: part) else {
                sums = nil
                break
            }
            if sums == nil { sums = own } else { sums?.add(own) }
        }
        let refit = try fitted(place, of: model, sums, state.probe)
        try kept?.keep(refit, number: place.number)
        return refit
    }

    /// A refit from the sums of all texts.
    func fitted(
        _ place: Place, of model: Model, _ sums: FitStatistics?, _ probe: OutputProbe
    ) throws(AnalysisError) -> Refit {
        let prior = try model.weight(of: place.branch)
        var fit: RidgeFit?
        if let sums {
            fit = try RidgeFit.fit(
                train: sums.train, heldOut: sums.heldOut, prior: prior, strengths: strengths(of: place),
                workers: CancellableWorkers(resources))
        }
        return try judged(fit, prior, place, of: model, probe)
    }

    private func strengths(of place: Place) -> [Double] {
        place.isChanged ? RidgeFit.strengths : Self.feedForwardStrengths
    }

    /// What a fit does at the output; without a fit when it is not worth keeping.
    private func judged(
        _ fit: RidgeFit?, _ prior: Matrix, _ place: Place, of model: Model, _ probe: OutputProbe
    ) throws(AnalysisError) -> Refit {
        let branch = place.branch
        guard let fit else { return Refit(step: .init(node: branch.node, verdict: .noGain)) }
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
        return Refit(step: step, fit: fit, difference: try probe.difference(of: refitted))
    }
}
