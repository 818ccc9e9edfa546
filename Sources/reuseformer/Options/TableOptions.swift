import ArgumentParser
import ReuseTransformers

/// Which columns of tables hold the texts.
struct TableOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The column of a .csv, .tsv or .jsonl file that is read; twice for pairs, and for sources with targets.",
            valueName: "name"))
    var column: [String] = []

    @Option(
        help: ArgumentHelp("How texts are stored, where the name does not say it: lines, csv, tsv or jsonl."))
    var format: TextColumns.Format?

    func validate() throws {
        if column.count > 2 { throw ValidationError("--column names one column, or the two of pairs.") }
    }

    /// The same for the library.
    ///
    /// - Parameters:
    ///   - label: The column of labels, of commands that read some.
    ///   - score: The column of scores.
    func columns(label: String? = nil, score: String? = nil) -> TextColumns {
        TextColumns(texts: column, label: label, score: score, format: format)
    }
}

/// Which columns of tables hold what people said about the texts.
struct AnswerColumnOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The column with the class of each text.", valueName: "name"))
    var labelColumn: String?

    @Option(help: ArgumentHelp("The column with the score of each pair.", valueName: "name"))
    var scoreColumn: String?
}

extension TextColumns.Format: ExpressibleByArgument {}
