/// A name with places for expressions: `layer_{i}/attention`, `encoder/layer.{i + 1}/query`.
package struct NameTemplate: Sendable, Hashable, WrittenAsText {
    private enum Piece: Sendable, Hashable {
        case text(String)
        case value(Expression)
    }

    private let pieces: [Piece]
    /// As it was written.
    package let source: String

    package init(parsing source: String) throws(Expression.Failure) {
        var pieces: [Piece] = []
        var rest = source[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw Expression.Failure(message: "\"\(source)\" has a { without a }")
            }
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.value(try Expression(parsing: String(rest[rest.index(after: open)..<close]))))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
        self.source = source
    }

    /// The same template with a text before it.
    package func prefixed(by text: String) -> NameTemplate {
        text.isEmpty ? self : NameTemplate(pieces: [.text(text)] + pieces, source: text + source)
    }

    private init(pieces: [Piece], source: String) {
        self.pieces = pieces
        self.source = source
    }

    /// Names that the template reads.
    package var names: Set<String> {
        pieces.reduce(into: []) { names, piece in
            if case .value(let expression) = piece { names.formUnion(expression.names) }
        }
    }

    package func name(in settings: Settings) throws(Expression.Failure) -> String {
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .value(let expression): result += String(try expression.integer(in: settings))
            }
        }
        return result
    }
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
package func matches(_ name: some StringProtocol, pattern: some StringProtocol) -> Bool {
    // Greedy with one point of return: linear in practice, never exponential.
    let name = Array(name.utf8), pattern = Array(pattern.utf8)
    var nameIndex = 0, patternIndex = 0
    var starIndex: Int?, restart = 0
    while nameIndex < name.count {
        if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
            starIndex = patternIndex
            restart = nameIndex
            patternIndex += 1
        } else if patternIndex < pattern.count, pattern[patternIndex] == name[nameIndex] {
            nameIndex += 1
            patternIndex += 1
        } else if let star = starIndex {
            restart += 1
            nameIndex = restart
            patternIndex = star + 1
        } else {
            return false
        }
    }
    return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
}
