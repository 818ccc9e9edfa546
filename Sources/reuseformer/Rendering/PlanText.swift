import ModelGraph
import Platform
import Reporting

/// A plan for the terminal.
enum PlanText {
    /// One row a layer: which heads take their maps from elsewhere, in 80 columns.
    static func describe(_ plan: ReusePlan) -> String {
        let exits = plan.exits.isEmpty ? "" : Terminal.readable(PlanTable.exits(of: plan).text)
        var rest = plan
        rest.exits = []
        // Exits alone leave every layer as it is.
        if !plan.exits.isEmpty, rest.isWhole { return exits }
        let total = plan.layers.reduce(0) { $0 + $1.heads.count }
        let title =
            plan.budget == ReusePlan.trainedBudget
            ? "Plan that the model was trained with" : "Plan for a budget of \(Terminal.escaped(plan.budget))"
        let isWhole = plan.replacedCount == 0
        let neurons = plan.neurons.isEmpty ? "" : "\n" + Terminal.readable(PlanTable.neurons(of: plan).text)
        let ranks = plan.ranks.isEmpty ? "" : "\n" + Terminal.readable(PlanTable.ranks(of: plan).text)
        let tokens = plan.tokens.isEmpty ? "" : "\n" + Terminal.readable(PlanTable.tokens(of: plan).text)
        return
            "\(title): \(total - plan.replacedCount) of \(total) maps computed\n"
            + Terminal.readable(PlanTable.table(of: plan).text) + (isWhole ? "" : "\n\(PlanNotation.legend)") + neurons
            + ranks + tokens + (exits.isEmpty ? "" : "\n" + exits)
    }
}
