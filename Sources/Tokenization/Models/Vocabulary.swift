import Platform

/// Tokens and their ids, both ways.
package struct Vocabulary: Sendable {
    /// From a token's bytes to its id; also finds tokens that a text starts with.
    package private(set) var trie: ByteTrie
    private var arena: [UInt8] = []
    /// Where each id's bytes lie; ids that no token has are empty.
    private var spans: [Span] = []
    /// Number of tokens.
    package private(set) var count = 0
    private let file: String
    private let field: String

    private struct Span {
        var start: Int32 = 0
        var length: Int32 = -1
    }

    /// An empty vocabulary.
    ///
    /// - Parameters:
    ///   - file: File that the tokens come from, for messages.
    ///   - field: Path of the vocabulary inside the file.
    ///   - tokenCount: Number of tokens to expect.
    package init(file: String, field: String, expecting tokenCount: Int = 0) {
        self.file = file
        self.field = field
        trie = ByteTrie(expectingBytes: tokenCount &* 6)
        spans.reserveCapacity(tokenCount)
    }

    /// One more than the largest id.
    package var idBound: Int { spans.count }

    /// Adds a token.
    ///
    /// - Throws: ``FileError`` when the token or its id is taken, or a limit is passed.
    package mutating func add(_ token: [UInt8], id: Int32) throws(FileError) {
        guard id >= 0, id < Limits.tokens else {
            throw .limit(file: file, field: field + " (id)", limit: Limits.tokens - 1, found: Int(id))
        }
        guard token.count <= Limits.tokenBytes else {
            throw .limit(
                file: file, field: "\(field) (bytes of token \(id))", limit: Limits.tokenBytes, found: token.count)
        }
        guard arena.count + token.count <= Limits.vocabularyBytes else {
            throw .limit(
                file: file, field: field + " (bytes of all tokens)", limit: Limits.vocabularyBytes,
                found: arena.count + token.count)
        }
        let index = Int(id)
        if index >= spans.count {
            spans.append(contentsOf: repeatElement(Span(), count: index + 1 - spans.count))
        }
        guard spans[index].length < 0 else {
            throw .malformed(
                file: file, field: field,
                reason: "id \(id) belongs to “\(name(of: id))” and to “\(Self.printable(token))”",
                remedy: FileError.copyAgain)
        }
        // The empty token has no path; it can be looked up by id only.
        guard token.isEmpty || trie.insert(token, value: id) else {
            throw .malformed(
                file: file, field: field,
                reason: "“\(Self.printable(token))” occurs twice, as \(trie[token] ?? id) and as \(id)",
                remedy: "remove or rename the second one: which id was meant cannot be known")
        }
        spans[index] = Span(start: Int32(arena.count), length: Int32(token.count))
        arena.append(contentsOf: token)
        count += 1
    }

    /// The id of a token.
    package func id(of token: [UInt8]) -> Int32? { token.isEmpty ? nil : trie[token] }

    /// The bytes of an id's token; `nil` when no token has it.
    package func token(of id: Int32) -> [UInt8]? {
        guard id >= 0, Int(id) < spans.count, spans[Int(id)].length >= 0 else { return nil }
        let span = spans[Int(id)]
        return Array(arena[Int(span.start)..<Int(span.start + span.length)])
    }

    private func name(of id: Int32) -> String { Self.printable(token(of: id) ?? []) }

    /// A token for a message: short, with unsafe characters spelled out.
    package static func printable(_ token: [UInt8]) -> String {
        String(decoding: token.prefix(48), as: UTF8.self).printable
    }
}
