import Platform

/// Builds the list of values of a text. Recursion is bounded by the limit of nesting.
struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONDocument.Limits
    private(set) var nodes: [JSONDocument.Node] = []
    private var at = 0

    init(bytes: [UInt8], limits: JSONDocument.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parse() throws(JSONDocument.SyntaxError) {
        guard bytes.count < Int(Int32.max) else {
            throw error("has \(bytes.count) bytes; at most \(Int32.max) are read")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw failure("text after the end of the JSON value") }
    }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func error(_ message: String) -> JSONDocument.SyntaxError {
        JSONDocument.SyntaxError(position: .init(of: at, in: bytes), message: message)
    }

    private func failure(_ reason: String) -> JSONDocument.SyntaxError { error("is not valid JSON: \(reason)") }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func append(
        _ kind: JSONDocument.Kind, from start: Int, hasEscapes: Bool = false
    ) throws(JSONDocument.SyntaxError) {
        guard nodes.count < limits.values else { throw error("has more values than the limit of \(limits.values)") }
        nodes.append(
            .init(
                kind: kind, hasEscapes: hasEscapes, start: Int32(start), end: Int32(at), next: Int32(nodes.count + 1)))
    }

    private mutating func value(depth: Int) throws(JSONDocument.SyntaxError) {
        guard depth < limits.depth else { throw error("is nested deeper than the limit of \(limits.depth)") }
        skipSpace()
        guard let first = current else { throw failure("the text ends too early") }
        switch first {
        case UInt8(ascii: "{"): try list(.object, closedBy: UInt8(ascii: "}"), depth: depth)
        case UInt8(ascii: "["): try list(.array, closedBy: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true", .true)
        case UInt8(ascii: "f"): try word("false", .false)
        case UInt8(ascii: "n"): try word("null", .null)
        case UInt8(ascii: "N"): try word("NaN", .number)
        case UInt8(ascii: "I"): try word("Infinity", .number)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw failure("a value was expected")
        }
    }

    private mutating func word(_ text: StaticString, _ kind: JSONDocument.Kind) throws(JSONDocument.SyntaxError) {
        let start = at
        let isThere = text.withUTF8Buffer { letters in bytes[start...].starts(with: letters) }
        guard isThere else { throw failure("a value was expected") }
        at += text.utf8CodeUnitCount
        try append(kind, from: start)
    }

    private mutating func number() throws(JSONDocument.SyntaxError) {
        let start = at
        if current == UInt8(ascii: "-") { at += 1 }
        if current == UInt8(ascii: "I") {
            let word = Array("Infinity".utf8)
            guard bytes[at...].starts(with: word) else { throw failure("a value was expected") }
            at += word.count
            return try append(.number, from: start)
        }
        let isZero = current == UInt8(ascii: "0")
        try digits()
        guard !isZero || at == start + 1 || bytes[at - 2] == UInt8(ascii: "-") else {
            throw failure("a number starts with a zero")
        }
        if current == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            at += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        try append(.number, from: start)
    }

    private mutating func digits() throws(JSONDocument.SyntaxError) {
        let start = at
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        guard at > start else { throw failure("a digit was expected") }
    }

    private mutating func list(
        _ kind: JSONDocument.Kind, closedBy close: UInt8, depth: Int
    ) throws(JSONDocument.SyntaxError) {
        let own = nodes.count
        try append(kind, from: at)
        at += 1
        skipSpace()
        if current != close {
            while true {
                if kind == .object {
                    skipSpace()
                    guard current == UInt8(ascii: "\"") else { throw failure("a key was expected") }
                    try string()
                    skipSpace()
                    guard current == UInt8(ascii: ":") else { throw failure("a colon was expected") }
                    at += 1
                }
                try value(depth: depth + 1)
                skipSpace()
                if current == close { break }
                guard current == UInt8(ascii: ",") else { throw failure("a comma or the end of the list was expected") }
                at += 1
            }
        }
        at += 1
        nodes[own].end = Int32(at)
        nodes[own].next = Int32(nodes.count)
    }

    private mutating func string() throws(JSONDocument.SyntaxError) {
        at += 1
        let start = at
        var isASCII = true, hasEscapes = false
        while true {
            guard let byte = current else { throw failure("a string does not end") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw failure("a control character inside a string") }
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                let length = JSONParser.escapeLength(bytes[at...])
                guard length > 0 else { throw failure("an invalid escape inside a string") }
                at += length
            } else {
                at += 1
            }
        }
        if !isASCII, let invalid = firstInvalidUTF8(in: bytes[start..<at]) {
            at = invalid
            throw failure("a string that is not UTF-8")
        }
        try append(.string, from: start, hasEscapes: hasEscapes)
        at += 1
    }
}
