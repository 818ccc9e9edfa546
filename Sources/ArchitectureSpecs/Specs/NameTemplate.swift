/// A name with expressions in braces: `layer_{i}/attention`, `encoder/layer.{i + 1}/query`.
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

/// Part of a spec that is written as a text with a grammar of its own.
package protocol WrittenAsText: Codable {
    /// As it was written.
    var source: String { get }

    init(parsing source: String) throws(Expression.Failure)
}

extension WrittenAsText {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let source = try container.decode(String.self)
        do throws(Expression.Failure) {
            try self.init(parsing: source)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(source)
    }
}
