import Inputs
import ModelGraph

/// Labels of texts, one a line or in a column: the model's class names, or their numbers.
struct ClassLabels {
    let indices: [Int]

    /// - Parameter names: The model's class names.
    init(_ path: String, _ columns: TextColumns, names: [String]) throws(TransformerError) {
        try InputFile.check(path)
        indices = try TransformerError.mapping {
            var records = try TextRecords(path: path, columns: columns.columns, contents: .labels)
            var indices: [Int] = []
            while let record = try records.next() {
                let label =
                    switch record {
                    case .line(let line): line
                    case .fields(let fields): fields.first ?? ""
                    }
                guard let index = ClassName.index(of: label, among: names) else {
                    throw ClassName.unknown(label, among: names, path: path, line: records.lineNumber)
                }
                indices.append(index)
            }
            return indices
        }
    }

    /// Labels in memory.
    init(_ labels: [String], names: [String]) throws(TransformerError) {
        var indices: [Int] = []
        for (number, label) in labels.enumerated() {
            guard let index = ClassName.index(of: label, among: names) else {
                throw ClassName.unknown(label, among: names, path: "labels", line: number + 1)
            }
            indices.append(index)
        }
        self.indices = indices
    }
}

/// Two texts and how alike people found them.
public struct ScoredTexts: Sendable, Hashable {
    /// Higher is more alike; the scale is the data's.
    public let score: Double
    /// One text.
    public let first: String
    /// The other one.
    public let second: String

    /// A pair of texts with a score.
    public init(score: Double, first: String, second: String) {
        self.score = score
        self.first = first
        self.second = second
    }

    /// Pairs from a file: score, text and text, separated by tabs or in columns.
    package static func read(_ path: String, _ columns: TextColumns) throws(TransformerError) -> [ScoredTexts] {
        try InputFile.check(path)
        return try TransformerError.mapping {
            var records = try TextRecords(path: path, columns: columns.columns, contents: .scoredPairs)
            var rows: [ScoredTexts] = []
            while let record = try records.next() {
                let fields =
                    switch record {
                    case .line(let line): line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                    case .fields(let fields): fields
                    }
                guard fields.count == 3, let score = Double(fields[0]), score.isFinite else {
                    throw TransformerError(
                        .usage, path: path,
                        "line \(records.lineNumber): expected a score, a text and a text"
                            + (columns.score == nil ? ", separated by tabs" : "; the score is no number"))
                }
                rows.append(ScoredTexts(score: score, first: fields[1], second: fields[2]))
            }
            return rows
        }
    }
}

/// Texts with their class: `label<TAB>text` a line, the named columns of a table, or `{"label": …, "text": …}` a line
/// of a `.jsonl` file.
package struct LabelledTexts: ~Copyable {
    private var records: TextRecords
    private let path: String
    private let names: [String]

    /// - Parameter names: The model's class names.
    package init(_ path: String, _ columns: TextColumns, names: [String]) throws {
        try InputFile.check(path)
        records = try TextRecords(path: path, columns: columns.columns, contents: .labelledTexts)
        self.path = path
        self.names = names
    }

    /// All texts of a file with their classes.
    static func all(
        of path: String, _ columns: TextColumns, names: [String]
    ) throws(TransformerError) -> [(text: String, label: Int)] {
        try TransformerError.mapping {
            var texts = try LabelledTexts(path, columns, names: names)
            var result: [(text: String, label: Int)] = []
            while let next = try texts.next() { result.append(next) }
            return result
        }
    }

    /// All texts of a file with their numbers.
    static func allNumbers(
        of path: String, _ columns: TextColumns
    ) throws(TransformerError) -> [(text: String, labels: [Float])] {
        try TransformerError.mapping {
            var texts = try LabelledTexts(path, columns, names: [])
            var result: [(text: String, labels: [Float])] = []
            while let next = try texts.nextNumbers() { result.append(next) }
            return result
        }
    }

    /// The next text and its class; `nil` after the last one.
    package mutating func next() throws -> (text: String, label: Int)? {
        guard let (text, label) = try nextWords() else { return nil }
        guard let index = ClassName.index(of: label, among: names) else {
            throw ClassName.unknown(label, among: names, path: path, line: records.lineNumber)
        }
        return (text, index)
    }

    /// The next text and its numbers; `nil` after the last one.
    package mutating func nextNumbers() throws -> (text: String, labels: [Float])? {
        guard let (text, label) = try nextWords() else { return nil }
        return (text, try NumberLabels.numbers(label, path: path, line: records.lineNumber))
    }

    /// The next text and its label as it stands there; `nil` after the last one. Empty lines are passed over.
    private mutating func nextWords() throws -> (text: String, label: String)? {
        while let record = try records.next() {
            let fields: [String]
            switch record {
            case .line(""): continue
            case .line(let line):
                fields = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            case .fields(let columns): fields = columns
            }
            guard fields.count == 2 else {
                throw TransformerError(
                    .usage, path: path,
                    "line \(records.lineNumber): expected a label and a text with a tab between")
            }
            return (fields[1], fields[0])
        }
        return nil
    }
}

/// What people call a class.
package enum ClassName {
    /// The number of a class: by its name, or written as a number (`2.0` too, as programs write columns with gaps).
    package static func index(of label: String, among names: [String]) -> Int? {
        if let named = names.firstIndex(of: label) { return named }
        let number = Int(label) ?? Double(label).flatMap { Int(exactly: $0) }
        return number.flatMap { $0 >= 0 && (names.isEmpty || $0 < names.count) ? $0 : nil }
    }

    /// Classes in words.
    package static func known(_ names: [String]) -> String {
        names.isEmpty ? "numbers from 0 on" : names.joined(separator: ", ")
    }

    /// A label that is no class of the model.
    static func unknown(_ label: String, among names: [String], path: String, line: Int) -> TransformerError {
        TransformerError(
            .usage, path: path, "line \(line): \"\(label)\" is no class of the model; it knows \(known(names))")
    }
}
