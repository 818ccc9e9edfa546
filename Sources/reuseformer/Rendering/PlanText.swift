import ModelGraph
import Platform
import Reporting

/// A plan for the terminal.
enum PlanText {
    /// One row a layer: which heads take their maps from elsewhere, `H0 ← L3H1 + mean`: head 0 from head 1 of layer 3.
    static func describe(_ plan: ReusePlan) -> String {
        let rows = Dictionary(plan.layers.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { first, _ in first })
        let names = LayerNames(plan.layers.map(\.node)).brief
        var table = Table([.init("layer", .left), .init("computed"), .init("sources of the other heads", .left)])
        for (row, layer) in plan.layers.enumerated() {
            let others = layer.heads.enumerated().compactMap { head, choice -> String? in
                switch choice.source {
                case .computed: nil
                case .dropped: "H\(head) dropped"
                case .borrowed(let terms):
                    // The heaviest first.
                    "H\(head) ← "
                        + terms.sorted { abs($0.weight) > abs($1.weight) }.map { name($0.map, rows) }.joined(
                            separator: " + ")
                }
            }
            table.append([
                Terminal.escaped(names[row]), "\(layer.heads.count { $0.source.isComputed }) of \(layer.heads.count)",
                Terminal.escaped(others.joined(separator: "; ")),
            ])
        }
        let total = plan.layers.reduce(0) { $0 + $1.heads.count }
        let title =
            plan.budget == ReusePlan.trainedBudget
            ? "Plan that the model was trained with" : "Plan for a budget of \(Terminal.escaped(plan.budget))"
        return
            "\(title): \(total - plan.replacedCount) of \(total) maps computed\n"
            + table.text
    }

    private static func name(_ map: MapReference, _ rows: [String: Int]) -> String {
        switch map {
        case .head(let id): rows[id.node].map { "L\($0)H\(id.head)" } ?? "\(id)"
        case .pattern(let pattern): pattern.rawValue
        }
    }
}
