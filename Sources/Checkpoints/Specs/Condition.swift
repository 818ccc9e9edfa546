/// When a part of a spec applies: `has_pooler and not has_decoder or i == 0`.
///
/// `or` of `and` of claims; a claim is a flag, or a comparison (`==`, `!=`) of a setting with a setting, a number or a
/// word. No parentheses: a condition that needs them is better a flag with a name.
package struct Condition: Sendable, Hashable {
    private enum Claim: Sendable, Hashable {
        case flag(String)
        case equal(String, String)

        func holds(in settings: Settings) throws(Expression.Failure) -> Bool {
            switch self {
            case .flag(let name):
                guard case .flag(let value)? = settings[name] else {
                    throw Expression.Failure(message: "\(name) is \(settings.describe(name)), a flag is needed")
                }
                return value
            case .equal(let left, let right):
                guard let value = settings[left] else {
                    throw Expression.Failure(message: "\(left) is \(settings.describe(left))")
                }
                return value == settings[right] ?? Settings.Value(literal: right)
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
        var alternatives: [[Part]] = [[]]
        var words = source.split(whereSeparator: \.isWhitespace).map(String.init)[...]
        func failure(_ message: String) -> Expression.Failure {
            Expression.Failure(message: "the condition \"\(source)\" cannot be read: \(message)")
        }
        repeat {
            let isNegated = words.first == "not"
            if isNegated { words.removeFirst() }
            guard let name = words.popFirst(), Self.isName(name) else { throw failure("a name is missing") }
            var part = Part(claim: .flag(name), isNegated: isNegated)
            if let comparison = words.first, comparison == "==" || comparison == "!=" {
                words.removeFirst()
                guard let right = words.popFirst() else { throw failure("nothing to compare \(name) with") }
                part = Part(claim: .equal(name, right), isNegated: isNegated != (comparison == "!="))
            }
            alternatives[alternatives.count - 1].append(part)
            guard let joint = words.popFirst() else { break }
            switch joint {
            case "and": break
            case "or": alternatives.append([])
            default: throw failure("\"\(joint)\" was not expected")
            }
        } while true
        self.alternatives = alternatives
        self.source = source
    }

    /// Names that must be settings: the right sides of comparisons may be words.
    package var names: Set<String> {
        Set(
            alternatives.joined().map { part in
                switch part.claim {
                case .flag(let name), .equal(let name, _): name
                }
            })
    }

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

extension Condition: Codable {
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
