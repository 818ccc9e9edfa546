/// Reads the part of Oniguruma's syntax that tokenizer files use.
package struct PatternParser {
    private let text: [Unicode.Scalar]
    private var at = 0
    private var ignoresCase = false
    private var depth = 0

    private static let depthLimit = 16
    private static let countLimit = 64

    package init(_ expression: String) { text = Array(expression.unicodeScalars) }

    private var current: Unicode.Scalar? { at < text.count ? text[at] : nil }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard current == wanted else { return false }
        at += 1
        return true
    }

    private mutating func take(_ wanted: String) -> Bool {
        let scalars = Array(wanted.unicodeScalars)
        guard text[at...].starts(with: scalars) else { return false }
        at += scalars.count
        return true
    }

    package mutating func parse() throws(PatternError) -> PatternNode {
        guard text.count <= Limits.patternCharacters else {
            throw PatternError(reason: "an expression of \(text.count) characters")
        }
        let node = try alternatives()
        guard at == text.count else { throw PatternError(reason: "an unmatched “)”") }
        return node
    }

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= PatternParser.depthLimit else { throw PatternError(reason: "nesting groups this deep") }
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let next = current, next != "|", next != ")" {
            parts.append(try quantified(try atom()))
        }
        return .sequence(parts)
    }

    // MARK: Repetition

    private mutating func quantified(_ node: PatternNode) throws(PatternError) -> PatternNode {
        var minimum = 0
        var maximum: Int?
        switch current {
        case "*": at += 1
        case "+":
            at += 1
            minimum = 1
        case "?":
            at += 1
            maximum = 1
        case "{":
            guard let counts = try counts() else { return node }
            (minimum, maximum) = counts
            if current == "+" || current == "?" { throw PatternError(reason: "a second mark after “{…}”") }
        default: return node
        }
        var greed = PatternGreed.greedy
        if take("+") { greed = .possessive } else if take("?") { greed = .lazy }
        if current == "*" || current == "+" || current == "?" { throw PatternError(reason: "repeating a repetition") }
        return .repetition(node, minimum: minimum, maximum: maximum, greed)
    }

    /// `{2}`, `{2,}`, `{2,4}` or `{,4}`.
    private mutating func counts() throws(PatternError) -> (Int, Int?)? {
        guard let close = text[at...].firstIndex(of: "}") else { throw PatternError(reason: "a “{” without “}”") }
        let inside = String(String.UnicodeScalarView(text[(at + 1)..<close]))
        let sides = inside.split(separator: ",", omittingEmptySubsequences: false).map { $0.isEmpty ? nil : Int($0) }
        let hasDigitsOnly = inside.utf8.allSatisfy { $0 == UInt8(ascii: ",") || (0x30...0x39).contains($0) }
        guard hasDigitsOnly, (1...2).contains(sides.count), sides.contains(where: { $0 != nil }) else {
            throw PatternError(reason: "“{\(inside)}”")
        }
        let minimum = sides[0] ?? 0
        let maximum = sides.count == 1 ? minimum : sides[1]
        guard minimum <= PatternParser.countLimit, (maximum ?? 0) <= PatternParser.countLimit,
            maximum.map({ $0 >= minimum }) ?? true
        else { throw PatternError(reason: "“{\(inside)}”") }
        at = close + 1
        return (minimum, maximum)
    }

    // MARK: Atoms

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let first = current else { throw PatternError(reason: "an expression that ends here") }
        at += 1
        switch first {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case ".": return .set(ScalarSet(items: [.range(0x0A...0x0A)], isNegated: true))
        case "^": return .lineStart
        case "$": return .lineEnd
        case "\\":
            if take("A") { return .textStart }
            if take("z") { return .textEnd }
            return .set(ScalarSet(items: try escape()))
        case "*", "+", "?": throw PatternError(reason: "“\(first)” without something to repeat")
        default: return .set(ScalarSet(items: literal(first)))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        let outerCase = ignoresCase
        defer { ignoresCase = outerCase }
        var wrap: (PatternNode) -> PatternNode = { $0 }
        if take("?:") {
        } else if take("?i:") {
            ignoresCase = true
        } else if take("?=") {
            wrap = { .lookahead($0, isNegated: false) }
        } else if take("?!") {
            wrap = { .lookahead($0, isNegated: true) }
        } else if take("?>") {
            wrap = { .atomic($0) }
        } else if current == "?" {
            throw PatternError(
                reason: "a group that starts with “(?\(text.dropFirst(at + 1).first.map(String.init) ?? "")”")
        }
        let node = try alternatives()
        guard take(")") else { throw PatternError(reason: "a “(” without “)”") }
        return wrap(node)
    }

    private func literal(_ scalar: Unicode.Scalar) -> [ScalarSet.Item] {
        guard ignoresCase else { return [.range(scalar.value...scalar.value)] }
        let variants = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping, String(scalar)]
        return variants.compactMap { variant in
            let scalars = variant.unicodeScalars
            guard scalars.count == 1, let only = scalars.first else { return nil }
            return .range(only.value...only.value)
        }
    }

    /// What follows a backslash.
    private mutating func escape() throws(PatternError) -> [ScalarSet.Item] {
        guard let kind = current else { throw PatternError(reason: "a backslash at the end") }
        at += 1
        switch kind {
        case "s": return [.space]
        case "S": return [.negated(.space)]
        case "d": return [.category(.decimal)]
        case "D": return [.negated(.category(.decimal))]
        case "w": return [.word]
        case "W": return [.negated(.word)]
        case "p", "P": return [try property(isNegated: kind == "P")]
        case "n": return [.range(0x0A...0x0A)]
        case "r": return [.range(0x0D...0x0D)]
        case "t": return [.range(0x09...0x09)]
        case "f": return [.range(0x0C...0x0C)]
        case "v": return [.range(0x0B...0x0B)]
        case "x", "u": return literal(try codePoint(digits: kind == "x" ? 2 : 4))
        default:
            guard !kind.isLetter, !kind.isNumber else { throw PatternError(reason: "“\\\(kind)”") }
            return literal(kind)
        }
    }

    private mutating func codePoint(digits: Int) throws(PatternError) -> Unicode.Scalar {
        var range = at..<min(at + digits, text.count)
        var next = range.upperBound
        if digits == 2, take("{") {
            guard let close = text[at...].firstIndex(of: "}") else { throw PatternError(reason: "“\\x{” without “}”") }
            range = at..<close
            next = close + 1
        }
        let hex = String(String.UnicodeScalarView(text[range]))
        guard let value = UInt32(hex, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw PatternError(reason: "the character code “\(hex)”")
        }
        at = next
        return scalar
    }

    private mutating func property(isNegated: Bool) throws(PatternError) -> ScalarSet.Item {
        var name: String
        if take("{") {
            guard let close = text[at...].firstIndex(of: "}") else { throw PatternError(reason: "“\\p{” without “}”") }
            name = String(String.UnicodeScalarView(text[at..<close]))
            at = close + 1
        } else {
            throw PatternError(reason: "“\\p” without “{”")
        }
        var isNegated = isNegated
        if name.unicodeScalars.first == "^" {
            name = String(name.unicodeScalars.dropFirst())
            isNegated.toggle()
        }
        guard let set = CategorySet(name: name) else { throw PatternError(reason: "“\\p{\(name)}”") }
        return isNegated ? .negated(.category(set)) : .category(set)
    }

    // MARK: Classes

    private mutating func characterClass() throws(PatternError) -> ScalarSet {
        var set = ScalarSet(items: [])
        set.isNegated = take("^")
        var isFirst = true
        while let next = current, next != "]" || isFirst {
            isFirst = false
            if next == "[" || take("&&") { throw PatternError(reason: "a class inside a class") }
            at += 1
            let items = next == "\\" ? try escape() : literal(next)
            guard current == "-", at + 1 < text.count, text[at + 1] != "]" else {
                set.items.append(contentsOf: items)
                continue
            }
            at += 1
            set.items.append(contentsOf: try range(from: items))
        }
        guard take("]") else { throw PatternError(reason: "a “[” without “]”") }
        return set
    }

    private mutating func range(from lower: [ScalarSet.Item]) throws(PatternError) -> [ScalarSet.Item] {
        guard let next = current else { throw PatternError(reason: "a “[” without “]”") }
        at += 1
        let upper = next == "\\" ? try escape() : literal(next)
        // With case ignored a letter has several items; the written one comes last.
        guard case .range(let first)? = lower.last, case .range(let last)? = upper.last,
            first.lowerBound <= last.lowerBound
        else { throw PatternError(reason: "such a range in a class") }
        let written = ScalarSet.Item.range(first.lowerBound...last.lowerBound)
        guard ignoresCase else { return [written] }
        guard last.lowerBound < 0x80 else { throw PatternError(reason: "ignoring the case of a range beyond ASCII") }
        return (first.lowerBound...last.lowerBound).flatMap { Unicode.Scalar($0).map(literal) ?? [] }
    }
}
