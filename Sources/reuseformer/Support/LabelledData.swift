import Inputs

/// Labels of texts, one a line: the model's class names, or their numbers.
struct ClassLabels {
    let indices: [Int]

    init(_ path: String, names: [String]) throws {
        try InputFile.check(path)
        var lines = try TextLines(path: path)
        var indices: [Int] = []
        while let line = try lines.next() {
            if let index = names.firstIndex(of: line) ?? Int(line), index >= 0 {
                indices.append(index)
            } else {
                let known = names.isEmpty ? "numbers from 0 on" : names.joined(separator: ", ")
                throw CommandError.usage(
                    "\(path), line \(lines.lineNumber): \"\(line)\" is no class of the model; it knows \(known)")
            }
        }
        self.indices = indices
    }
}

/// Scored pairs of texts: score, text and text, separated by tabs.
struct ScoredPairs {
    struct Row {
        let score: Double
        let first: String
        let second: String
    }

    let rows: [Row]

    init(_ path: String) throws {
        try InputFile.check(path)
        var lines = try TextLines(path: path)
        var rows: [Row] = []
        while let line = try lines.next() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 3, let score = Double(fields[0]), score.isFinite else {
                throw CommandError.usage(
                    "\(path), line \(lines.lineNumber): expected a score, a text and a text, separated by tabs")
            }
            rows.append(Row(score: score, first: fields[1], second: fields[2]))
        }
        self.rows = rows
    }
}
