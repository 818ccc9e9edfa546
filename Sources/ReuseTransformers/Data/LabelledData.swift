import Inputs
import JSON
import ModelGraph

/// Labels of texts, one a line: the model's class names, or their numbers.
struct ClassLabels {
    let indices: [Int]

    /// - Parameter names: The model's class names.
    init(_ path: String, names: [String]) throws(TransformerError) {
        try InputFile.check(path)
        indices = try TransformerError.mapping {
            var lines = try TextLines(path: path)
            var indices: [Int] = []
            while let line = try lines.next() {
                guard let index = ClassName.index(of: line, among: names) else {
                    throw ClassName.unknown(line, among: names, path: path, line: lines.lineNumber)
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

    /// Pairs from a file: score, text and text, separated by tabs.
    static func read(_ path: String) throws(TransformerError) -> [ScoredTexts] {
        try InputFile.check(path)
        return try TransformerError.mapping {
            var lines = try TextLines(path: path)
            var rows: [ScoredTexts] = []
            while let line = try lines.next() {
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                guard fields.count >= 3, let score = Double(fields[0]), score.isFinite else {
                    throw TransformerError(
                        .usage, path: path,
                        "line \(lines.lineNumber): expected a score, a text and a text, separated by tabs")
                }
                rows.append(ScoredTexts(score: score, first: fields[1], second: fields[2]))
            }
            return rows
        }
    }
}

/// Texts with their class, from `label<TAB>text` a line, or `{"label": …, "text": …}` a line in a `.jsonl` file.
struct LabelledTexts: ~Copyable {
    private var lines: TextLines
    private let path: String
    private let names: [String]

    /// One line of a `.jsonl` file.
    private struct Entry: Decodable {
        let label: JSONValue
        let text: String
    }

    /// - Parameter names: The model's class names.
    init(_ path: String, names: [String]) throws {
        try InputFile.check(path)
        lines = try TextLines(path: path)
        self.path = path
        self.names = names
    }

    /// The next text and its class; `nil` after the last one.
    mutating func next() throws -> (text: String, label: Int)? {
        guard let (text, label) = try nextWords() else { return nil }
        guard let index = ClassName.index(of: label, among: names) else {
            throw ClassName.unknown(label, among: names, path: path, line: lines.lineNumber)
        }
        return (text, index)
    }

    /// The next text and its numbers; `nil` after the last one.
    mutating func nextNumbers() throws -> (text: String, labels: [Float])? {
        guard let (text, label) = try nextWords() else { return nil }
        return (text, try NumberLabels.numbers(label, path: path, line: lines.lineNumber))
    }

    /// The next text and its label as it stands there; `nil` after the last one. Empty lines are passed over.
    private mutating func nextWords() throws -> (text: String, label: String)? {
        while let line = try lines.next() {
            guard !line.isEmpty else { continue }
            let label: String, text: String
            if path.hasSuffix(".jsonl") {
                let entry: Entry
                do throws(Document.ReadError) {
                    entry = try Document.decode(Entry.self, from: Array(line.utf8))
                } catch {
                    throw problem("is no object with \"label\" and \"text\": \(error)")
                }
                (label, text) = (entry.label.words, entry.text)
            } else {
                let fields = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                guard fields.count == 2 else { throw problem("expected a label and a text with a tab between") }
                (label, text) = (String(fields[0]), String(fields[1]))
            }
            return (text, label)
        }
        return nil
    }

    private func problem(_ text: String) -> TransformerError {
        TransformerError(.usage, path: path, "line \(lines.lineNumber): \(text)")
    }
}

extension JSONValue {
    /// A label in words: a class's name or number; of several numbers, with commas between.
    fileprivate var words: String {
        stringValue ?? intValue.map(String.init) ?? doubleValue.map { "\($0)" }
            ?? (arrayValue ?? []).map(\.words).joined(separator: ",")
    }
}

/// What people call a class.
enum ClassName {
    /// The number of a class: by its name, or written as a number.
    static func index(of label: String, among names: [String]) -> Int? {
        names.firstIndex(of: label) ?? Int(label).flatMap { $0 >= 0 && (names.isEmpty || $0 < names.count) ? $0 : nil }
    }

    /// Classes in words.
    static func known(_ names: [String]) -> String {
        names.isEmpty ? "numbers from 0 on" : names.joined(separator: ", ")
    }

    /// A label that is no class of the model.
    static func unknown(_ label: String, among names: [String], path: String, line: Int) -> TransformerError {
        TransformerError(
            .usage, path: path, "line \(line): \"\(label)\" is no class of the model; it knows \(known(names))")
    }
}
