/// Arithmetic over a spec's names: `hidden / heads`, `3 * hidden`, `positions - (padding + 1)`, `sqrt(hidden)`.
///
/// Sums, differences, products, quotients and remainders of whole or decimal numbers, square roots, and `floor( )`,
/// which makes a whole number of a decimal one; nothing else, so that a spec can be checked without running anything.
/// In JSON a string, or a plain number.
package struct Expression: Sendable, Hashable {
    package indirect enum Term: Sendable, Hashable {
        case integer(Int)
        case number(Double)
        case name(String)
        case binary(Operator, Term, Term)
        case squareRoot(Term)
        case floor(Term)
    }

    package enum Operator: String, Sendable, Hashable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case over = "/"
        /// Remainder of whole numbers.
        case modulo = "%"
    }

    /// Why an expression has no value. The message names what is at fault.
    package struct Failure: Error, Sendable, Hashable {
        package let message: String

        package init(message: String) { self.message = message }
    }

    private let root: Term
    /// As it was written.
    package let source: String

    package init(parsing source: String) throws(Failure) {
        var parser = Parser(source)
        root = try parser.parse()
        self.source = source
    }

    package init(_ value: Int) {
        root = .integer(value)
        source = String(value)
    }

    package init(_ value: Double) {
        root = .number(value)
        source = String(value)
    }

    /// Names that the expression reads.
    package var names: Set<String> {
        func collect(_ term: Term) -> Set<String> {
            switch term {
            case .integer, .number: []
            case .name(let name): [name]
            case .binary(_, let left, let right): collect(left).union(collect(right))
            case .squareRoot(let term), .floor(let term): collect(term)
            }
        }
        return collect(root)
    }

    /// The setting that the expression consists of; `nil` for any other expression.
    package var singleName: String? {
        if case .name(let name) = root { name } else { nil }
    }

    /// Value as a whole number: quotients must come out even, nothing may overflow.
    package func integer(in settings: Settings) throws(Failure) -> Int {
        try integer(root, settings)
    }

    /// Value as a number.
    package func number(in settings: Settings) throws(Failure) -> Double {
        let value = try number(root, settings)
        guard value.isFinite else { throw Failure(message: "\"\(source)\" is not a finite number") }
        return value
    }

    private func integer(_ term: Term, _ settings: Settings) throws(Failure) -> Int {
        switch term {
        case .integer(let value): return value
        case .number(let value): throw Failure(message: "\"\(source)\": \(value) is not a whole number")
        case .squareRoot: throw Failure(message: "\"\(source)\": a square root is not a whole number")
        case .floor(let term):
            let value = try number(term, settings)
            guard let whole = Int(exactly: value.rounded(.down)) else {
                throw Failure(message: "\"\(source)\": \(value) is too large for a whole number")
            }
            return whole
        case .name(let name):
            guard case .integer(let value)? = settings[name] else {
                throw Failure(message: "\"\(source)\": \(name) is \(settings.describe(name)), a whole number is needed")
            }
            return value
        case .binary(let operation, let leftTerm, let rightTerm):
            let left = try integer(leftTerm, settings), right = try integer(rightTerm, settings)
            let (value, overflow): (Int, Bool)
            switch operation {
            case .plus: (value, overflow) = left.addingReportingOverflow(right)
            case .minus: (value, overflow) = left.subtractingReportingOverflow(right)
            case .times: (value, overflow) = left.multipliedReportingOverflow(by: right)
            case .over:
                guard right != 0, left.isMultiple(of: right) else {
                    throw Failure(message: "\"\(source)\": \(left) is not a multiple of \(right)")
                }
                (value, overflow) = left.dividedReportingOverflow(by: right)
            case .modulo:
                guard left >= 0, right > 0 else {
                    throw Failure(message: "\"\(source)\": \(left) has no remainder by \(right)")
                }
                (value, overflow) = (left % right, false)
            }
            guard !overflow else { throw Failure(message: "\"\(source)\" is too large") }
            return value
        }
    }

    private func number(_ term: Term, _ settings: Settings) throws(Failure) -> Double {
        switch term {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .name(let name):
            switch settings[name] {
            case .integer(let value)?: return Double(value)
            case .number(let value)?: return value
            default: throw Failure(message: "\"\(source)\": \(name) is \(settings.describe(name)), a number is needed")
            }
        case .binary(let operation, let leftTerm, let rightTerm):
            let left = try number(leftTerm, settings), right = try number(rightTerm, settings)
            switch operation {
            case .plus: return left + right
            case .minus: return left - right
            case .times: return left * right
            case .over: return left / right
            case .modulo: return left.truncatingRemainder(dividingBy: right)
            }
        case .squareRoot(let term): return try number(term, settings).squareRoot()
        case .floor(let term): return try number(term, settings).rounded(.down)
        }
    }
}

extension Expression {
    /// Recursive descent over the usual precedence.
    private struct Parser {
        private var tokens: [Substring]
        private var position = 0
        private let source: String

        init(_ source: String) {
            self.source = source
            tokens = []
            var rest = source[...]
            while let first = rest.first {
                if first.isWhitespace {
                    rest = rest.dropFirst()
                } else if first.isLetter || first.isNumber || first == "_" || first == "." {
                    let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
                    tokens.append(word)
                    rest = rest[word.endIndex...]
                } else {
                    tokens.append(rest.prefix(1))
                    rest = rest.dropFirst()
                }
            }
        }

        mutating func parse() throws(Failure) -> Term {
            // Bounds the depth of the tree too: evaluation recurses.
            guard tokens.count <= 64 else { throw failure("it is too long") }
            let term = try sum()
            guard position == tokens.count else { throw failure("\"\(tokens[position])\" was not expected") }
            return term
        }

        private mutating func sum() throws(Failure) -> Term {
            var term = try product()
            while let operation = take([.plus, .minus]) { term = .binary(operation, term, try product()) }
            return term
        }

        private mutating func product() throws(Failure) -> Term {
            var term = try factor()
            while let operation = take([.times, .over, .modulo]) { term = .binary(operation, term, try factor()) }
            return term
        }

        private mutating func factor() throws(Failure) -> Term {
            guard position < tokens.count else { throw failure("it ends too early") }
            let token = tokens[position]
            position += 1
            if token == "(" {
                let term = try sum()
                guard position < tokens.count, tokens[position] == ")" else { throw failure("\")\" is missing") }
                position += 1
                return term
            }
            if let value = Int(token) { return .integer(value) }
            if token.first?.isNumber == true || token.first == "." {
                guard let value = Double(token) else { throw failure("\"\(token)\" is not a number") }
                return .number(value)
            }
            guard token.first?.isLetter == true, !token.contains(".") else {
                throw failure("\"\(token)\" was not expected")
            }
            if position < tokens.count, tokens[position] == "(" {
                if token == "sqrt" { return .squareRoot(try factor()) }
                if token == "floor" { return .floor(try factor()) }
            }
            return .name(String(token))
        }

        private mutating func take(_ operators: [Operator]) -> Operator? {
            guard position < tokens.count, let operation = Operator(rawValue: String(tokens[position])),
                operators.contains(operation)
            else { return nil }
            position += 1
            return operation
        }

        private func failure(_ message: String) -> Failure {
            Failure(message: "the expression \"\(source)\" cannot be read: \(message)")
        }
    }
}

extension Expression: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int.self) {
            self.init(value)
        } else if let value = try? container.decode(Double.self) {
            self.init(value)
        } else {
            do throws(Failure) {
                try self.init(parsing: try Self.text(container))
            } catch {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
            }
        }
    }

    private static func text(_ container: any SingleValueDecodingContainer) throws(Failure) -> String {
        guard let text = try? container.decode(String.self) else {
            throw Failure(message: "is neither a number nor an expression")
        }
        return text
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch root {
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        default: try container.encode(source)
        }
    }
}
