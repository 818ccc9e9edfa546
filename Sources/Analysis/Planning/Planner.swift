import Costs
import JSON
import ModelGraph
import Plans
import Platform
import Rewriting
import Statistics

/// Makes plans from an analysis.
///
/// Things are given up one after the other in an order that does not depend on the budget's size: the damage curves of
/// all moves, over what they save in the budget's currency, are replaced by their lower convex hulls and merged by
/// slope. That solves the allocation exactly at the hulls' corners and makes a larger budget's plan contain a smaller
/// one's.
/// What stands in for what is given up is then chosen among what is left.
package struct Planner: Sendable {
    /// How many heads are replaced at a time.
    package enum Granularity: String, Sendable, CaseIterable {
        case head, layer
    }

    /// One step of the order.
    package struct Step: Sendable, Hashable {
        /// The move, by its place among those of the planner.
        fileprivate let move: Int
        /// What is given up in this step.
        package let rung: Rung
        /// Damage expected after this step, if damages add up.
        package let damage: Double
        /// What this step adds to it, as measured: without the caution of its ladder.
        fileprivate let increase: Double
        /// The increase that the order goes by, over what the step saves.
        fileprivate let slope: Double
    }

    /// The analysis that plans come from, without what the allowed moves do not read.
    package let analysis: AnalysisDocument
    /// The source model's graph.
    package let graph: CheckedGraph
    /// Moves that plans may make.
    package let allowed: Moves
    /// What savings are counted in.
    package let currency: Budget.Goal
    private let analysisDigest: String?
    private let moves: [any Move]
    /// Everything that can be given up, the cheapest first.
    package private(set) var steps: [Step]

    /// - Parameters:
    ///   - moves: Words of `--allow`.
    ///   - kept: Attention nodes, and last matrices of feed-forward parts, of which nothing is given up.
    ///   - currency: What damage is weighed against; `nil`: attention maps, or where moves save no maps, multiply-adds.
    /// - Throws: When the analysis belongs to another model, or did not measure a move.
    package init(
        _ analysis: AnalysisDocument, graph: CheckedGraph, moves allowed: Moves = .standard,
        granularity: Granularity = .head, keeping kept: Set<String> = [], currency: Budget.Goal? = nil
    ) throws(AnalysisError) {
        try analysis.validate()
        for profile in analysis.heads where graph.source(of: profile.id)?.isComputed != true {
            throw .mismatch(
                "the analysis is of another model: it knows head \(profile.id), which this one does not compute")
        }
        let parts = Dictionary(
            graph.feedForwardParts.map { ($0.node, $0.width) }, uniquingKeysWith: { first, _ in first })
        for curve in analysis.neurons ?? [] where parts[curve.node] != curve.width {
            throw .mismatch(
                "the analysis is of another model: it knows \(curve.width) neurons of \(curve.node), this one "
                    + (parts[curve.node].map { "has \($0)" } ?? "has no such feed-forward part"))
        }
        for damage in analysis.linear ?? [] where graph.node(named: damage.node)?.attention == nil {
            throw .mismatch("the analysis is of another model: it knows attention node \(damage.node)")
        }
        var analysis = analysis
        if !allowed.contains(.neurons) {
            analysis.neurons = nil
        } else if analysis.neurons == nil {
            throw .mismatch("the analysis has measured no neurons: analyse again, or leave them out of --allow")
        }
        if !allowed.contains(.linear) {
            analysis.linear = nil
        } else if analysis.linear == nil {
            throw .mismatch("the analysis has measured no linear layers: analyse again, or leave them out of --allow")
        }
        try RankMove.check(&analysis, graph, allowed)
        try HardMove.check(&analysis, allowed)
        try Self.checkTokens(&analysis, allowed, graph)
        self.analysis = analysis
        // An analysis that was read or made has no numbers that JSON cannot hold.
        analysisDigest = try? Document.digest(of: analysis)
        self.graph = graph
        self.allowed = allowed
        let currency =
            switch currency {
            case nil, .quality:
                allowed.isSubset(of: .ofHeads) ? .maps(0) : Budget.Goal.multiplyAdds(0, tokens: graph.usualTokens)
            case .some(let given): given
            }
        self.currency = currency
        var moves: [any Move] = []
        if !allowed.isDisjoint(with: HeadMove.words) {
            moves.append(HeadMove(analysis, graph, moves: allowed, granularity: granularity, keeping: kept))
        }
        if !allowed.isDisjoint(with: NeuronMove.words) { moves.append(NeuronMove(analysis, keeping: kept)) }
        // After heads: a head that computes no map has no rank.
        if !allowed.isDisjoint(with: RankMove.words) { moves.append(RankMove(analysis, keeping: kept)) }
        if !allowed.isDisjoint(with: HardMove.words) { moves.append(HardMove(analysis, graph, keeping: kept)) }
        if !allowed.isDisjoint(with: TokenMove.words) { moves.append(TokenMove(analysis, graph, keeping: kept)) }
        self.moves = moves
        steps = try Self.order(moves, graph, currency)
    }

    // MARK: Order

    /// The hulls of all ladders, merged.
    private static func order(
        _ moves: [any Move], _ graph: CheckedGraph, _ currency: Budget.Goal
    ) throws(AnalysisError) -> [Step] {
        var queue: [Step] = []
        for (number, move) in moves.enumerated() {
            for ladder in move.ladders() {
                let savings = try Self.savings(of: ladder, move, graph, currency)
                guard (savings.last ?? 0) > 0 else { continue }
                let slopes = convexSlopes([0] + ladder.rungs.map(\.damage), at: savings)
                for (index, rung) in ladder.rungs.enumerated() {
                    let increase = slopes[index] * (savings[index + 1] - savings[index])
                    queue.append(
                        Step(
                            move: number, rung: rung, damage: increase * ladder.caution, increase: increase,
                            slope: slopes[index] * ladder.caution))
                }
            }
        }
        return merged(queue)
    }

    /// What is saved after 0, 1, 2 … rungs; it ascends.
    private static func savings(
        of ladder: Ladder, _ move: any Move, _ graph: CheckedGraph, _ currency: Budget.Goal
    ) throws(AnalysisError) -> [Double] {
        func saving(_ count: Int) throws(AnalysisError) -> Double {
            var plan = ReusePlan(of: graph)
            move.write(Array(ladder.rungs.prefix(count)), to: &plan)
            return try Self.saving(of: plan, graph, currency)
        }
        var result = [0.0]
        if ladder.isEven {
            let total = ladder.rungs.reduce(0) { $0 + $1.indices.count }
            let each = try saving(ladder.rungs.count) / Double(max(total, 1))
            for rung in ladder.rungs { result.append(result[result.count - 1] + each * Double(rung.indices.count)) }
            return result
        }
        // A rung that saves nothing is the last choice, not the first.
        let least = 1e-9
        for count in ladder.rungs.indices {
            let saved = try saving(count + 1)
            result.append(max(saved, result[result.count - 1] + least))
            if count == ladder.rungs.count - 1, saved <= 0 { return [0] }
        }
        return result
    }

    /// Steps by slope, their own damages summed up.
    private static func merged(_ steps: [Step]) -> [Step] {
        // Slopes ascend within a ladder, and the sort is stable for equal keys: a ladder's own order is kept.
        let sorted = steps.enumerated().sorted { ($0.element.slope, $0.offset) < ($1.element.slope, $1.offset) }
        var damage = 0.0
        return sorted.map { item in
            let step = item.element
            damage += step.damage
            return Step(move: step.move, rung: step.rung, damage: damage, increase: step.increase, slope: step.slope)
        }
    }

    /// Slopes of the lower convex hull of a curve that starts at 0, one for each step; they ascend.
    ///
    /// - Parameter places: Where the values lie, ascending; `nil`: at 0, 1, 2 …
    package static func convexSlopes(_ values: [Double], at places: [Double]? = nil) -> [Double] {
        let places = places ?? values.indices.map(Double.init)
        func slope(_ a: Int, _ b: Int) -> Double { (values[b] - values[a]) / (places[b] - places[a]) }
        var hull: [Int] = []
        for index in values.indices {
            while hull.count >= 2 {
                let a = hull[hull.count - 2], b = hull[hull.count - 1]
                guard slope(b, index) <= slope(a, b) else { break }
                hull.removeLast()
            }
            hull.append(index)
        }
        return zip(hull, hull.dropFirst()).flatMap { a, b in [Double](repeating: slope(a, b), count: b - a) }
    }

    /// Planners of one kind of move alone, with the name of the kind; what is given up first stays so.
    package var kinds: [(name: String, planner: Planner)] {
        moves.indices.map { move in
            var alone = self
            alone.steps = Self.merged(
                steps.indices.filter { steps[$0].move == move }.map { index in
                    let step = steps[index], before = index == 0 ? 0 : steps[index - 1].damage
                    return Step(
                        move: move, rung: step.rung, damage: step.damage - before, increase: step.increase,
                        slope: step.slope)
                })
            let name =
                switch type(of: moves[move]).words {
                case HeadMove.words: "maps"
                case NeuronMove.words: "neurons"
                case RankMove.words: "ranks"
                case HardMove.words: "hard heads"
                case TokenMove.words: "tokens"
                default: "others"
                }
            return (name, alone)
        }
    }

    // MARK: Plans

    /// The plan of the first `count` steps.
    package func plan(steps count: Int, for budget: Budget? = nil) -> ReusePlan {
        var plan = empty(for: budget)
        for number in moves.indices { write(number, steps.prefix(count), to: &plan) }
        return plan
    }

    private func write(_ move: Int, _ steps: some Sequence<Step>, to plan: inout ReusePlan) {
        moves[move].write(steps.filter { $0.move == move }.map(\.rung), to: &plan)
    }

    /// The plan that gives up some heads, each for the best of what is left.
    package func plan(replacing heads: [HeadID], for budget: Budget? = nil) -> ReusePlan {
        var plan = empty(for: budget)
        for move in moves where type(of: move).words == HeadMove.words {
            move.write(heads.map { Rung(node: $0.node, indices: [$0.head], damage: 0) }, to: &plan)
        }
        return plan
    }

    private func empty(for budget: Budget?) -> ReusePlan {
        var plan = ReusePlan(of: graph, budget: budget?.text ?? "")
        plan.analysis = analysisDigest
        plan.model = analysis.model
        return plan
    }

    /// The smallest plan that reaches a budget on savings.
    ///
    /// - Throws: `AnalysisError.budget` when even giving up everything is not enough, or for a budget on quality, which
    ///   only a conversion can measure; `AnalysisError.cancelled`.
    package func plan(
        _ budget: Budget, cancellation: Cancellation? = nil
    ) throws(AnalysisError) -> ReusePlan {
        if case .quality = budget.goal {
            throw .budget(
                budget.text,
                reason: "a quality can only be held by converting: use it with convert, or give a checkpoint")
        }
        let count = try stepCount(for: budget, cancellation: cancellation)
        let plan = plan(steps: count, for: budget)
        try refuseGrowth(of: plan, for: budget)
        return plan
    }

    /// Steps of the smallest plan that reaches a budget on savings.
    private func stepCount(for budget: Budget, cancellation: Cancellation?) throws(AnalysisError) -> Int {
        func reaches(_ count: Int) throws(AnalysisError) -> Bool {
            if cancellation?.isRequested == true { throw .cancelled }
            return try saving(of: self.plan(steps: count), budget.goal) >= budget.goal.share - 1e-9
        }
        var low = 0, high = steps.count
        guard try reaches(high) else {
            let best = try saving(of: self.plan(steps: high), budget.goal)
            throw .budget(
                budget.text, reason: "the largest saving that this model allows is \((best * 100).rounded(1)) %")
        }
        while low < high {
            let middle = (low + high) / 2
            if try reaches(middle) { high = middle } else { low = middle + 1 }
        }
        // Sums of maps cost a little: a step may save less than it seemed to.
        while high > 0, try reaches(high - 1) { high -= 1 }
        return high
    }

    /// A budget without a word in front is no wish for a larger file; one that names what it counts is taken at its
    /// word.
    private func refuseGrowth(of plan: ReusePlan, for budget: Budget) throws(AnalysisError) {
        guard case .attention = budget.goal else { return }
        let growth = -(try saving(of: plan, .bytes(0)))
        guard growth > 0 else { return }
        throw .budget(
            budget.text,
            reason: "its plan makes the weights \((growth * 100).rounded(1)) % larger, since layers that share them no "
                + "longer do; write maps:\(budget.text) to have it all the same, bytes:SHARE for what saves bytes, or "
                + "replace whole layers (--granularity layer)")
    }

    /// Share that a plan saves, in the terms of a goal; of maps for a quality.
    package func saving(of plan: ReusePlan, _ goal: Budget.Goal) throws(AnalysisError) -> Double {
        try Self.saving(of: plan, graph, goal)
    }

    private static func saving(
        of plan: ReusePlan, _ graph: CheckedGraph, _ goal: Budget.Goal
    ) throws(AnalysisError) -> Double {
        let after: CheckedGraph
        do { after = try graph.applying(plan) } catch { throw .graph(error) }
        return goal.saving(from: graph, to: after)
    }
}

// MARK: Correction

extension Planner {
    /// Damages that err by more than this share did not add up.
    private static let tolerance = 0.25
    /// Tokens that refits of a trial learn from.
    package static let trialTokens = CurvePass.sampleTokens
    /// What a correction may make of a move's damages.
    private static let corrections = 0.25...4.0

    /// A better plan for a budget on savings than the one that summed damages led to, where these did not add up; `nil`
    /// where they did, or where no better one was found.
    ///
    /// What each move's part of the plan does alone is measured, the moves' damages are corrected by it, and the budget
    /// is planned for once more.
    ///
    /// - Parameters:
    ///   - measured: Damage at the output of the plan that `plan(_:)` gave, on the texts that choose.
    ///   - convert: Converts along a plan. `isTrial`: only the damage counts, of refits that learnt from as many tokens
    ///     as those of the curves did (`trialTokens`).
    /// - Complexity: As many trials as the plan has kinds of moves, and one conversion.
    package func corrected(
        for budget: Budget, measured: Double, cancellation: Cancellation? = nil,
        convert: (_ plan: ReusePlan, _ isTrial: Bool) throws(AnalysisError) -> Converter.Result
    ) throws(AnalysisError) -> (plan: ReusePlan, result: Converter.Result)? {
        let taken = steps.prefix(try stepCount(for: budget, cancellation: cancellation))
        let used = moves.indices.filter { move in taken.contains { $0.move == move } }
        let expected = taken.reduce(0) { $0 + $1.increase }
        guard used.count > 1, expected > 0, abs(measured / expected - 1) > Self.tolerance else { return nil }
        var factors = [Double](repeating: 1, count: moves.count)
        for move in used {
            var plan = empty(for: budget)
            write(move, taken, to: &plan)
            let alone = taken.reduce(0) { $0 + ($1.move == move ? $1.increase : 0) }
            let found = try convert(plan, true).healing.after.damage
            guard alone > 0 else { continue }
            factors[move] = min(max(found / alone, Self.corrections.lowerBound), Self.corrections.upperBound)
        }
        var planner = self
        planner.steps = Self.merged(
            steps.indices.map { index in
                let step = steps[index], factor = factors[step.move]
                let own = step.damage - (index == 0 ? 0 : steps[index - 1].damage)
                return Step(
                    move: step.move, rung: step.rung, damage: own * factor, increase: step.increase * factor,
                    slope: step.slope * factor)
            })
        let plan = try planner.plan(budget, cancellation: cancellation)
        guard plan != self.plan(steps: taken.count, for: budget) else { return nil }
        let result = try convert(plan, false)
        return result.healing.after.damage < measured ? (plan, result) : nil
    }
}
