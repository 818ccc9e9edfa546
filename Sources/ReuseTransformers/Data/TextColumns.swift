import Inputs

/// Which columns of CSV, TSV and JSON Lines files are what.
///
///     var data = CalibrationData.files([URL(filePath: "reviews.csv")])
///     data.columns = TextColumns("review")
///
/// CSV is read as RFC 4180 has it, with a first row of names; of JSON Lines a column is a member of each object. Files
/// compressed by gzip or zstd are read too. A plain file, one text a line, needs no names.
public struct TextColumns: Sendable, Hashable {
    /// The column of the texts; two for pairs, or for sources and their targets.
    public var texts: [String]
    /// The column with the class of each text.
    public var label: String?
    /// The column with the score of each pair.
    public var score: String?
    /// How the texts are stored, where the ending of the file's name does not say it.
    public var format: Format?

    /// How texts are stored.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        /// One a line.
        case lines
        /// Fields separated by commas, after a first row of names.
        case csv
        /// Fields separated by tabs, after a first row of names.
        case tsv
        /// An object of JSON a line.
        case jsonl
    }

    /// Columns by their names; without any, files hold one text a line.
    public init(_ texts: String..., label: String? = nil, score: String? = nil, format: Format? = nil) {
        self.init(texts: texts, label: label, score: score, format: format)
    }

    package init(texts: [String], label: String?, score: String?, format: Format?) {
        self.texts = texts
        self.label = label
        self.score = score
        self.format = format
    }

    /// The same for the reader of files.
    package var columns: TableColumns {
        TableColumns(
            texts: texts, label: label, score: score, format: format.flatMap { TextFormat(rawValue: $0.rawValue) })
    }
}
