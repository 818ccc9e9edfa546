/// How texts are stored in a file.
package enum TextFormat: String, Sendable, Hashable, CaseIterable {
    /// One a line.
    case lines
    /// Fields separated by commas, after a first row of names (RFC 4180).
    case csv
    /// The same with tabs.
    case tsv
    /// An object a line.
    case jsonl

    /// What the ending of a name says, that of a compression left out; `nil` where it says nothing.
    package init?(endingOf path: String) {
        switch Self.ending(of: path) {
        case "csv": self = .csv
        case "tsv", "tab": self = .tsv
        case "jsonl", "ndjson": self = .jsonl
        default: return nil
        }
    }

    /// The last part of a name after a dot, in lower case; of `texts.csv.gz` it is `csv`.
    static func ending(of path: String) -> String {
        var parts = path.split(separator: "/").last?.lowercased().split(separator: ".") ?? []
        if parts.count > 2, ["gz", "zst"].contains(parts.last) { parts.removeLast() }
        return parts.count > 1 ? parts.last.map(String.init) ?? "" : ""
    }

    /// What separates fields; `nil` where lines are no rows of fields.
    var separator: UInt8? {
        switch self {
        case .csv: UInt8(ascii: ",")
        case .tsv: UInt8(ascii: "\t")
        case .lines, .jsonl: nil
        }
    }
}

/// Which columns of a table are what; of JSON Lines, which members.
package struct TableColumns: Sendable, Hashable {
    /// The texts: one, or the two of a pair, of a source and its target.
    package var texts: [String]
    /// The class of a text.
    package var label: String?
    /// The score of a pair.
    package var score: String?
    /// How the texts are stored, where the ending of the file's name does not say it.
    package var format: TextFormat?

    package init(
        texts: [String] = [], label: String? = nil, score: String? = nil, format: TextFormat? = nil
    ) {
        self.texts = texts
        self.label = label
        self.score = score
        self.format = format
    }

    /// What is wanted of each row of a file.
    package enum Contents: Sendable, Hashable {
        /// So many texts at most, and one at least.
        case texts(atMost: Int)
        /// A label.
        case labels
        /// A label and a text.
        case labelledTexts
        /// A score and two texts.
        case scoredPairs
    }

    /// Whether something is named that such contents have.
    func names(anyOf contents: Contents) -> Bool {
        switch contents {
        case .texts: !texts.isEmpty
        case .labels: label != nil
        case .labelledTexts: label != nil || !texts.isEmpty
        case .scoredPairs: score != nil || !texts.isEmpty
        }
    }

    /// The columns of such contents, in order; `nil` where one is not named.
    ///
    /// - Parameter format: Of JSON Lines, labels and texts have names that everybody uses.
    func columns(of contents: Contents, in format: TextFormat) -> [String]? {
        let isUsual = format == .jsonl
        switch contents {
        case .texts: return texts.isEmpty ? nil : texts
        case .labels: return label.map { [$0] }
        case .labelledTexts:
            guard let label = label ?? (isUsual ? "label" : nil),
                let text = texts.first ?? (isUsual ? "text" : nil)
            else { return nil }
            return [label, text]
        case .scoredPairs:
            guard let score, texts.count == 2 else { return nil }
            return [score] + texts
        }
    }
}

extension TableColumns.Contents {
    /// The options that name such columns.
    var options: String {
        switch self {
        case .texts(let count): count > 1 ? "--column NAME (twice for pairs)" : "--column NAME"
        case .labels: "--label-column NAME"
        case .labelledTexts: "--column NAME and --label-column NAME"
        case .scoredPairs: "--score-column NAME and --column NAME twice"
        }
    }

    /// What a line of a plain file holds, of several fields with tabs between.
    var fieldsOfALine: Int {
        switch self {
        case .texts(let count): count
        case .labels: 1
        // Whatever follows the first tab is the text.
        case .labelledTexts, .scoredPairs: .max
        }
    }
}
