extension TextTable {
    /// The table as Markdown; columns in which no row has an entry are left out.
    package var markdown: String {
        let shown = columns.indices.filter { index in index == 0 || rows.contains { !$0.cells[index].isEmpty } }
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rule = shown.map { index in
            if case .right = columns[index].alignment { "---:" } else { "---" }
        }
        return
            ([line(shown.map { columns[$0].title.escapedForMarkdown }), line(rule)]
            + rows.map { row in line(shown.map { row.cells[$0].escapedForMarkdown }) }).joined(separator: "\n")
    }
}

extension String {
    /// The text as Markdown shows it: nothing of it is markup, and it stays in its line.
    var escapedForMarkdown: String {
        var result = ""
        for character in self {
            switch character {
            case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#", "~", "&", "$":
                result += "\\\(character)"
            case _ where character.isNewline: result += " "
            default: result.append(character)
            }
        }
        return result
    }
}
