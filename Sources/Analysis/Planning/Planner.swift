import JSON
import ModelGraph
import Platform
import Rewriting
import Statistics

/// Makes plans from an analysis.
///
/// Heads are given up one after the other in an order that does not depend on the budget: the layers' damage curves are
/// replaced by their lower convex hulls and merged by slope, which solves the allocation exactly at the hulls' corners
/// and makes a larger budget's plan contain a smaller one's. Which maps stand in is then chosen among those that are
/// left.
package struct Planner: Sendable {
    /// What is replaced at a time.
    package enum Granularity: String, Sendable, CaseIterable {
        case head, layer
    }

    /// One step of the order.
    package struct Step: Sendable, Hashable {
        /// Heads given up in this step.
        package let heads: [HeadID]
        /// Damage expected after this step, if the layers' damages add up.
        package let damage: Double
    }

    /// The analysis that plans come from.
    package let analysis: AnalysisDocument
    /// The source model's graph.
    package let graph: CheckedGraph
    /// Moves that plans may make.
    package let moves: Moves
    private let analysisDigest: String?
    /// Everything that can be given up, the cheapest first.
    package let steps: [Step]

    /// - Parameter kept: Attention nodes of which nothing is given up.
    /// - Throws: When the analysis belongs to another model.
    package init(
        _ analysis: AnalysisDocument, graph: CheckedGraph, moves: Moves = .standard, granularity: Granularity = .head,
        keeping kept: Set<String> = []
    ) throws(AnalysisError) {
        try analysis.validate()
        for profile in analysis.heads where graph.source(of: profile.id)?.isComputed != true {
            throw .mismatch(
                "the analysis is of another model: it knows head \(profile.id), which this one does not compute")
        }
        self.analysis = analysis
        // An analysis that was read or made has no numbers that JSON cannot hold.
        analysisDigest = try? Document.digest(of: analysis)
        self.graph = graph
        self.moves = moves
        var open = analysis
        open.curves.removeAll { kept.contains($0.node) }
        switch granularity {
        case .head: steps = Self.headSteps(open, graph)
        case .layer: steps = Self.layerSteps(open, graph)
        }
    }

    // MARK: Order

    /// Factor on the damage of the first attention of a stack. Its maps follow the tokens themselves, so its damage on
    /// calibration texts says too little about other texts: four heads of layer 0 of MiniLM raised the mean cosine on
    /// held-out texts by 0.002 and lowered the score of every task it was measured on (docs/analysis.md).
    static let firstLayerCaution = 10.0

    private static func headSteps(_ analysis: AnalysisDocument, _ graph: CheckedGraph) -> [Step] {
        var queue: [(slope: Double, layer: Int, head: HeadID)] = []
        let firsts = graph.firstAttentionNodes
        for (layer, curve) in analysis.curves.enumerated() {
            let caution = firsts.contains(curve.node) ? firstLayerCaution : 1
            for (slope, head) in zip(convexSlopes(curve.damages), curve.order) {
                queue.append((slope * caution, layer, HeadID(node: curve.node, head: head)))
            }
        }
        // Slopes ascend within a layer, and the sort is stable for equal keys: a layer's own order is kept.
        let merged = queue.enumerated().sorted { ($0.element.slope, $0.offset) < ($1.element.slope, $1.offset) }.map(
            \.element)
        var damage = 0.0
        return merged.map { item in
            damage += item.slope
            return Step(heads: [item.head], damage: damage)
        }
    }

    private static func layerSteps(_ analysis: AnalysisDocument, _ graph: CheckedGraph) -> [Step] {
        let whole = analysis.curves.filter { curve in
            curve.order.count == graph.node(named: curve.node)?.attention?.computedHeads.count
                && curve.points.last?.heads == curve.order.count && !curve.order.isEmpty
        }
        let order = whole.enumerated().sorted {
            let left = ($0.element.damages.last ?? 0) / Double($0.element.order.count)
            let right = ($1.element.damages.last ?? 0) / Double($1.element.order.count)
            return (left, $0.offset) < (right, $1.offset)
        }.map(\.element)
        var damage = 0.0
        return order.map { curve in
            damage += curve.damages.last ?? 0
            return Step(heads: curve.order.map { HeadID(node: curve.node, head: $0) }, damage: damage)
        }
    }

    /// Slopes of the lower convex hull of a curve that starts at 0, one for each step; they ascend.
    package static func convexSlopes(_ values: [Double]) -> [Double] {
        var hull: [Int] = []
        for index in values.indices {
            while hull.count >= 2 {
                let a = hull[hull.count - 2], b = hull[hull.count - 1]
                let first = (values[b] - values[a]) / Double(b - a),
                    second = (values[index] - values[b]) / Double(index - b)
                guard second <= first else { break }
                hull.removeLast()
            }
            hull.append(index)
        }
        return zip(hull, hull.dropFirst()).flatMap { a, b in
            [Double](repeating: (values[b] - values[a]) / Double(b - a), count: b - a)
        }
    }

    // MARK: Plans

    /// The plan that gives up the heads of the first `count` steps.
    package func plan(steps count: Int, for budget: Budget? = nil) -> ReusePlan {
        plan(replacing: steps.prefix(count).flatMap(\.heads), for: budget)
    }

    /// The plan that gives up some heads, each for the best of what is left.
    package func plan(replacing heads: [HeadID], for budget: Budget? = nil) -> ReusePlan {
        let replaced = Set(heads)
        var plan = ReusePlan(of: graph, budget: budget?.text ?? "")
        plan.analysis = analysisDigest
        plan.model = analysis.model
        let total = max(analysis.candidates.reduce(0) { $0 + $1.energy }, .leastNormalMagnitude)
        var read: [String: Set<HeadID>] = [:]
        for id in heads {
            guard let candidates = analysis.candidates.first(where: { $0.id == id }),
                let replacement = candidates.replacement(
                    moves: moves, isRead: { read[id.node]?.contains($0) ?? false },
                    isAvailable: { !replaced.contains($0) })
            else { continue }
            let source = replacement.source
            for case .head(let owner) in source.terms.map(\.map) { read[id.node, default: []].insert(owner) }
            var similarity: Double?
            if let first = source.terms.first, case .head(let other) = first.map {
                similarity = analysis.similarity(of: id, to: other)
            }
            plan.set(
                source, of: id, similarity: similarity, damage: (replacement.damage / total).rounded(8))
        }
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
        var best = 0.0
        for count in 0...steps.count {
            if cancellation?.isRequested == true { throw .cancelled }
            let plan = plan(steps: count, for: budget)
            let saved = try saving(of: plan, budget.goal)
            if saved >= budget.goal.share - 1e-9 {
                try refuseGrowth(of: plan, for: budget)
                return plan
            }
            best = max(best, saved)
        }
        throw .budget(budget.text, reason: "the largest saving that this model allows is \((best * 100).rounded(1)) %")
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
        let after: CheckedGraph
        do { after = try graph.applying(plan) } catch { throw .graph(error) }
        return goal.saving(from: graph, to: after)
    }
}
