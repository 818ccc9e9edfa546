import Reporting
import ReuseTransformers

/// What was taken for granted about a model, and what is open, as text.
enum AssumptionText {
    /// - Parameter explains: Whether every choice that is open is listed.
    /// - Returns: `nil` where there is nothing to say.
    static func describe(_ inspection: ModelInspection, explains: Bool) -> String? {
        var blocks: [String] = []
        if !inspection.assumptions.isEmpty {
            let lines = inspection.assumptions.map { "  \(Terminal.escaped($0.key))=\(Terminal.escaped($0.value))" }
            blocks.append((["Not in the files, and assumed:"] + lines).joined(separator: "\n"))
        }
        if let agreement = inspection.agreement {
            let difference = Format.significant(agreement.difference, 2)
            blocks.append("The model's own framework agrees to \(difference) on \(agreement.inputs) inputs.")
        } else if !inspection.assumptions.isEmpty {
            blocks.append("Nobody has compared the model with its own framework.")
        }
        if explains {
            for open in inspection.openClasses { blocks.append(describe(open)) }
        }
        return blocks.isEmpty ? nil : blocks.joined(separator: "\n")
    }

    private static func describe(_ open: ModelInspection.OpenClass) -> String {
        var lines = ["\(Terminal.escaped(open.name)): its code is not in the file; by what is stored it can be:"]
        for document in open.documents {
            lines.append("  --assume \(Terminal.escaped(open.name))=\(document.name)    \(document.title)")
            for choice in document.choices {
                let values = choice.values.map { Terminal.escaped($0) }.joined(separator: "|")
                lines.append("    --assume \(Terminal.escaped(open.name)).\(choice.name)=\(values)    \(choice.title)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
