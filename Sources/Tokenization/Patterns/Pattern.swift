/// What tokenizer files search for: a plain text, or a regular expression.
///
/// The expressions in tokenizer files are written for Oniguruma. This is the part of it that they use, with a bound on
/// the work for one match, which backtracking expressions from a file need.
package struct Pattern: Sendable {
    private enum Search: Sendable {
        case literal([UInt8])
        case program(PatternProgram)
    }

    private let search: Search

    /// Searches a text as it is written.
    package init(literal: [UInt8]) { search = .literal(literal) }

    /// Searches a regular expression.
    ///
    /// - Throws: ``PatternError`` when the expression is wrong or uses what this engine does not know.
    package init(expression: String) throws(PatternError) {
        var parser = PatternParser(expression)
        search = .program(try PatternProgram(compiling: try parser.parse()))
    }

    /// Cuts a range into matches (the delimiters) and the text between them. Empty matches don't count.
    package func sections(of bytes: [UInt8], in range: Range<Int>) -> [DelimiterBehavior.Section] {
        var sections: [DelimiterBehavior.Section] = []
        var start = range.lowerBound
        var at = start
        var steps = PatternProgram.stepLimit(byteCount: range.count)
        while at < range.upperBound {
            let end: Int? =
                switch search {
                case .literal(let text): Self.end(of: text, bytes, at, range.upperBound)
                case .program(let program): program.match(bytes, at: at, in: range, steps: &steps)
                }
            if let end, end > at {
                if start < at { sections.append(.init(range: start..<at, isDelimiter: false)) }
                sections.append(.init(range: at..<end, isDelimiter: true))
                start = end
                at = end
            } else {
                at += decodeScalar(bytes, at: at, end: range.upperBound).byteCount
            }
        }
        if start < range.upperBound { sections.append(.init(range: start..<range.upperBound, isDelimiter: false)) }
        return sections
    }

    private static func end(of text: [UInt8], _ bytes: [UInt8], _ at: Int, _ end: Int) -> Int? {
        guard let first = text.first, bytes[at] == first, at + text.count <= end else { return nil }
        return bytes[at..<at + text.count].elementsEqual(text) ? at + text.count : nil
    }
}

/// Why a regular expression is not usable.
package struct PatternError: Error {
    /// What was found, as the end of “… is not supported”.
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// A set of characters in an expression.
package struct ScalarSet: Sendable {
    package enum Item: Sendable {
        case range(ClosedRange<UInt32>)
        case category(CategorySet)
        case space, word
        indirect case negated(Item)

        package func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .range(let range): range.contains(scalar.value)
            case .category(let set): scalar.category(isIn: set)
            case .space: scalar.isSpace
            case .word: scalar.isPatternWord
            case .negated(let item): !item.contains(scalar)
            }
        }
    }

    package var items: [Item]
    package var isNegated = false

    package func contains(_ scalar: Unicode.Scalar) -> Bool {
        for item in items where item.contains(scalar) { return !isNegated }
        return isNegated
    }
}

extension Unicode.Scalar {
    /// Oniguruma's `\w`: without joiners, with Latin-1's raised digits and fractions.
    fileprivate var isPatternWord: Bool {
        switch value {
        case 0xB2, 0xB3, 0xB9, 0xBC...0xBE: true
        case 0x200C, 0x200D: false
        default: isWordCharacter
        }
    }
}
