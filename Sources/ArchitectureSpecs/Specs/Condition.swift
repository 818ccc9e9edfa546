/// When a part of a spec applies: `has_pooler and not has_decoder or i == 0`, `i % 2 == 0`.
///
/// `or` of `and` of claims; a claim is a flag, a flag of a list (`windowed[i]`), or a comparison: of a setting with a
/// setting, a number or a word (`==`, `!=`), or of two expressions over whole numbers (`<` and `>` too). No parentheses
/// around claims: a condition that needs them is better a flag with a name.
package struct Condition: Sendable, Hashable, WrittenAsText {
    private enum Comparison: String, CaseIterable, Sendable {
        case equal = "=="
        case unequal = "!="
        case less = "<"
        case more = ">"

        func holds(_ left: Int, _ right: Int) -> Bool {
            switch self {
            case .equal: left == right
            case .unequal: left != right
            case .less: left < right
            case .more: left > right
            }
        }
    }

    private enum Claim: Sendable, Hashable {
        case flag(String)
        /// A flag of a list, by the name of an index.
        case member(String, Expression)
        case equal(String, String)
        case compared(Expression, Comparison, Expression)

        func holds(in settings: Settings) throws(Expression.Failure) -> Bool {
            switch self {
            case .flag(let name):
                guard case .flag(let value)? = settings[name] else {
                    throw Expression.Failure(message: "\(name) is \(settings.describe(name)), a flag is needed")
                }
                return value
            case .member(let name, let index):
                guard case .flags(let values)? = settings[name] else {
                    throw Expression.Failure(message: "\(name) is \(settings.describe(name)), a list is needed")
                }
                let position = try index.integer(in: settings)
                guard values.indices.contains(position) else {
                    throw Expression.Failure(message: "\(name) has \(values.count) entries, none for \(position)")
                }
                return values[position]
            case .equal(let left, let right):
                guard let value = settings[left] else {
                    throw Expression.Failure(message: "\(left) is \(settings.describe(left))")
                }
                return value == settings[right] ?? Settings.Value(literal: right)
            case .compared(let left, let comparison, let right):
                return comparison.holds(try left.integer(in: settings), try right.integer(in: settings))
            }
        }

        /// Names that must be settings: the right sides of comparisons may be words.
        var names: Set<String> {
            switch self {
            case .flag(let name), .equal(let name, _): [name]
            case .member(let name, let index): index.names.union([name])
            case .compared(let left, _, let right): left.names.union(right.names)
            }
        }
    }

    private struct Part: Sendable, Hashable {
        let claim: Claim
        let isNegated: Bool
    }

    /// Alternatives of claims that must all hold.
    private let alternatives: [[Part]]
    /// As it was written.
    package let source: String

    package init(parsing source: String) throws(Expression.Failure) {
        var alternatives: [[Part]] = []
        let words = source.split(whereSeparator: \.isWhitespace).map(String.init)
        do throws(Expression.Failure) {
            for alternative in words.split(separator: "or", omittingEmptySubsequences: false) {
                var parts: [Part] = []
                for claim in alternative.split(separator: "and", omittingEmptySubsequences: false) {
                    parts.append(try Self.part(claim))
                }
                alternatives.append(parts)
            }
        } catch {
            throw Expression.Failure(message: "the condition \"\(source)\" cannot be read: \(error.message)")
        }
        self.alternatives = alternatives
        self.source = source
    }

    private static func part(_ words: ArraySlice<String>) throws(Expression.Failure) -> Part {
        let isNegated = words.first == "not"
        let words = isNegated ? words.dropFirst() : words
        guard let first = words.first,
            isName(first) || first.first?.isNumber == true || first.first == "(" || first.contains("[")
        else {
            throw Expression.Failure(message: "a name is missing")
        }
        guard let position = words.firstIndex(where: { Comparison(rawValue: $0) != nil }),
            let comparison = Comparison(rawValue: words[position])
        else {
            if let unknown = words.dropFirst().first {
                throw Expression.Failure(message: "\"\(unknown)\" was not expected")
            }
            if first.last == "]", let bracket = first.firstIndex(of: "[") {
                let name = String(first[..<bracket])
                guard isName(name) else { throw Expression.Failure(message: "\"\(first)\" is no flag of a list") }
                let index = first[first.index(after: bracket)...].dropLast()
                return Part(claim: .member(name, try Expression(parsing: String(index))), isNegated: isNegated)
            }
            guard isName(first) else { throw Expression.Failure(message: "\"\(first)\" is no flag") }
            return Part(claim: .flag(first), isNegated: isNegated)
        }
        let left = words[..<position], right = words[(position + 1)...]
        guard !right.isEmpty else { throw Expression.Failure(message: "nothing to compare \(first) with") }
        if left.count == 1, right.count == 1, isName(first), comparison == .equal || comparison == .unequal {
            return Part(claim: .equal(first, right.joined()), isNegated: isNegated != (comparison == .unequal))
        }
        let claim = Claim.compared(
            try Expression(parsing: left.joined(separator: " ")), comparison,
            try Expression(parsing: right.joined(separator: " ")))
        return Part(claim: claim, isNegated: isNegated)
    }

    /// Names that must be settings.
    package var names: Set<String> { Set(alternatives.joined().flatMap(\.claim.names)) }

    package func holds(in settings: Settings) throws(Expression.Failure) -> Bool {
        for alternative in alternatives {
            var holds = true
            for part in alternative where holds {
                holds = try part.claim.holds(in: settings) != part.isNegated
            }
            if holds { return true }
        }
        return false
    }

    private static func isName(_ word: String) -> Bool {
        word.first?.isLetter == true && word.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
            && !["and", "or", "not"].contains(word)
    }
}

/// A Boolean of a template: `true`, `false`, or a condition.
package enum FlagExpression: Sendable, Hashable {
    case constant(Bool)
    case condition(Condition)

    func value(in settings: Settings) throws(Expression.Failure) -> Bool {
        switch self {
        case .constant(let value): value
        case .condition(let condition): try condition.holds(in: settings)
        }
    }

    var names: Set<String> { if case .condition(let condition) = self { condition.names } else { [] } }
}

extension FlagExpression: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .constant(value)
        } else {
            self = .condition(try container.decode(Condition.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .constant(let value): try value.encode(to: encoder)
        case .condition(let condition): try condition.encode(to: encoder)
        }
    }
}

extension Condition? {
    /// Without a condition a part always applies.
    package func holds(in settings: Settings) throws(Expression.Failure) -> Bool {
        switch self {
        case .some(let condition): try condition.holds(in: settings)
        case .none: true
        }
    }
}
