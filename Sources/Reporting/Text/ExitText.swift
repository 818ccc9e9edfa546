import ModelGraph
import Verification

/// How deep inputs went, in words.
package enum ExitText {
    /// `123 of 400 inputs left behind layer_1/norm, 31 behind layer_3/norm, 246 went through all layers: 68.3 % of the
    /// multiply-adds on average`.
    package static func text(_ study: ExitStudy) -> String {
        let exits = study.exits.enumerated().map { index, exit in
            index == 0
                ? "\(Format.count(exit.left)) of \(Format.count(study.inputs)) inputs left behind \(exit.after)"
                : "\(Format.count(exit.left)) behind \(exit.after)"
        }
        let share = Double(study.meanMultiplyAdds) / Double(max(study.wholeMultiplyAdds, 1))
        return exits.joined(separator: ", ") + ", \(Format.count(study.whole)) went through all layers: "
            + "\(Format.percent(share)) of the multiply-adds on average"
    }
}

extension PlanTable {
    /// Where inputs may leave, one row an exit.
    package static func exits(of plan: ReusePlan) -> TextTable {
        var table = TextTable(
            [
                .init("behind", .left), .init("ahead by"), .init("inputs that left"),
                .init("of their classes the same"),
            ], caption: "Exits, on the inputs that chose them")
        for exit in plan.exits {
            table.append([
                exit.after, Format.significant(Double(exit.margin), 3), exit.share.map { Format.percent($0) } ?? "",
                exit.agreement.map { Format.percent($0, 2) } ?? "",
            ])
        }
        return table
    }
}
