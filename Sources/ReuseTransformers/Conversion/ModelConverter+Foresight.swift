import Analysis
import ModelGraph
import Plans
import Statistics
import Verification

extension ModelConverter {
    /// Refuses a budget that this model cannot reach, by its graph alone and before anything is run.
    ///
    /// - Throws: `.usage` with the largest saving of the kind.
    func checkReach(of source: PlanSource) throws(TransformerError) {
        // Other moves save more than reuse can: only the planner knows how much.
        let known: ReuseMoves = [.standard, .neurons, .ranks]
        guard case .budget(let wanted, _) = source else { return }
        let budget = try wanted.parsed()
        let moves = options.moves ?? .standard(for: budget)
        if moves.contains(.tokens), let problem = model.model.graph.problemOfMerging {
            throw TransformerError(.usage, path: model.path, "no tokens can be merged: \(problem)")
        }
        guard moves.isSubset(of: known) else { return }
        if case .quality = budget.goal { return }
        let kept = try options.layers.keptNodes(of: model.model.graph)
        try TransformerError.mapping {
            try budget.checkReach(in: model.model.graph, keeping: kept, moves: moves.moves)
        }
    }

    /// What a user should know before any work starts: how a budget is counted, and a file that would grow.
    ///
    /// - Throws: `.usage` for a budget that cannot be read, or a plan that does not suit the model.
    package func cautions(for source: PlanSource) throws(TransformerError) -> [String] {
        let graph = model.model.graph
        switch source {
        case .budget(let wanted, _):
            let budget = try wanted.parsed()
            let whole = budget.replacesWholeLayers(of: graph) && options.granularity == .head
            return [budget.caution(for: graph), whole ? "\(budget.text) replaces whole layers" : nil].compactMap(\.self)
        case .plan(let plan):
            let after = try TransformerError.mapping { try graph.applying(plan.plan) }
            let bytes = Savings(source: graph, converted: after).bytes
            guard bytes.converted > bytes.source else { return [] }
            return [
                "the plan makes the weights \((-bytes.saved * 100).rounded(1)) % larger: layers that share them no "
                    + "longer do where they replace different heads"
            ]
        }
    }
}
