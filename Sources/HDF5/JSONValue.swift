/// A JSON value of the helper's document: no negative or fractional numbers, no null.
///
/// A parser of our own, because the document may come from a program that a hostile file has taken over: depth, size
/// and the memory that it takes as values are bounded, a key may appear once, and nothing may follow.
enum JSONValue: Equatable {
    case flag(Bool)
    case number(UInt64)
    case text(String)
    case list([JSONValue])
    case members([String: JSONValue])

    /// What is wrong with a document, and at which byte.
    struct SyntaxError: Error, Equatable {
        let offset: Int
        let expected: String
    }

    init(parsing document: UnsafeRawBufferPointer) throws(SyntaxError) {
        var parser = Parser(document: document)
        self = try parser.value(depth: 0)
        guard parser.position == document.count else { throw parser.error("the end") }
    }

    private struct Parser {
        let document: UnsafeRawBufferPointer
        var position = 0

        /// Bytes that the values may still take, roughly: a few bytes of text can stand for many of memory.
        private var memory = 384 << 20

        private static let maximumDepth = 16
        /// Header and smallest capacity of an array or dictionary.
        private static let collectionOverhead = 128

        init(document: UnsafeRawBufferPointer) { self.document = document }

        func error(_ expected: String) -> SyntaxError { SyntaxError(offset: position, expected: expected) }

        private var next: UInt8? { position < document.count ? document[position] : nil }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            position += 1
            return true
        }

        private mutating func spend(_ bytes: Int) throws(SyntaxError) {
            guard bytes <= memory else { throw error("fewer values") }
            memory -= bytes
        }

        mutating func value(depth: Int) throws(SyntaxError) -> JSONValue {
            // An array that grows holds up to twice its elements, and once more while it moves.
            try spend(3 * MemoryLayout<JSONValue>.stride)
            guard depth < Self.maximumDepth else { throw error("less nesting") }
            switch next {
            case UInt8(ascii: "{"): return .members(try members(depth: depth))
            case UInt8(ascii: "["): return .list(try list(depth: depth))
            case UInt8(ascii: "\""): return .text(try text())
            case UInt8(ascii: "t"):
                try word("true")
                return .flag(true)
            case UInt8(ascii: "f"):
                try word("false")
                return .flag(false)
            default: return .number(try number())
            }
        }

        private mutating func members(depth: Int) throws(SyntaxError) -> [String: JSONValue] {
            position += 1
            try spend(Self.collectionOverhead)
            var result: [String: JSONValue] = [:]
            if take(UInt8(ascii: "}")) { return result }
            while true {
                guard next == UInt8(ascii: "\"") else { throw error("a key") }
                let key = try text()
                guard take(UInt8(ascii: ":")) else { throw error("a colon") }
                try spend(3 * MemoryLayout<String>.stride)
                guard result.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
                    throw error("each key once")
                }
                if take(UInt8(ascii: "}")) { return result }
                guard take(UInt8(ascii: ",")) else { throw error("a comma or the end of an object") }
            }
        }

        private mutating func list(depth: Int) throws(SyntaxError) -> [JSONValue] {
            position += 1
            try spend(Self.collectionOverhead)
            var result: [JSONValue] = []
            if take(UInt8(ascii: "]")) { return result }
            while true {
                result.append(try value(depth: depth + 1))
                if take(UInt8(ascii: "]")) { return result }
                guard take(UInt8(ascii: ",")) else { throw error("a comma or the end of a list") }
            }
        }

        private mutating func number() throws(SyntaxError) -> UInt64 {
            let start = position
            var result: UInt64 = 0
            while let byte = next, byte >= 0x30, byte <= 0x39 {
                let (tens, overflow) = result.multipliedReportingOverflow(by: 10)
                let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
                guard !overflow, !carry else { throw error("a smaller number") }
                result = sum
                position += 1
            }
            guard position > start else { throw error("a value") }
            return result
        }

        private mutating func text() throws(SyntaxError) -> String {
            position += 1
            var bytes: [UInt8] = []
            while true {
                let start = position
                while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                    position += 1
                }
                bytes.append(contentsOf: document[start..<position])
                if take(UInt8(ascii: "\"")) { break }
                guard take(UInt8(ascii: "\\")) else { throw error("the end of a string") }
                bytes.append(try escape())
            }
            try spend(bytes.count)
            guard let result = String(validating: bytes, as: UTF8.self) else { throw error("valid UTF-8") }
            return result
        }

        /// The helper escapes quotes, backslashes and control characters only.
        private mutating func escape() throws(SyntaxError) -> UInt8 {
            if take(UInt8(ascii: "\"")) { return UInt8(ascii: "\"") }
            if take(UInt8(ascii: "\\")) { return UInt8(ascii: "\\") }
            guard position + 5 <= document.count, document[position] == UInt8(ascii: "u"),
                let digits = String(validating: document[(position + 1)..<(position + 5)], as: UTF8.self),
                let code = UInt8(digits, radix: 16), code < 0x20
            else { throw error("an escape of a control character") }
            position += 5
            return code
        }

        private mutating func word(_ word: String) throws(SyntaxError) {
            let bytes = Array(word.utf8)
            guard document.count - position >= bytes.count,
                document[position..<(position + bytes.count)].elementsEqual(bytes)
            else { throw error(word) }
            position += bytes.count
        }
    }
}

extension JSONValue {
    var flag: Bool? { if case .flag(let value) = self { value } else { nil } }
    var number: UInt64? { if case .number(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }
    var list: [JSONValue]? { if case .list(let value) = self { value } else { nil } }
    var members: [String: JSONValue]? { if case .members(let value) = self { value } else { nil } }

    /// A number that fits into `Int`.
    var integer: Int? { number.flatMap { Int(exactly: $0) } }

    /// All elements as numbers that fit into `Int`; `nil` when one is not.
    var integers: [Int]? {
        guard let list else { return nil }
        var result: [Int] = []
        result.reserveCapacity(list.count)
        for element in list {
            guard let integer = element.integer else { return nil }
            result.append(integer)
        }
        return result
    }

    /// The bytes that a base64 string stands for.
    var base64: [UInt8]? {
        guard let text else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0, padding = 0
        for byte in text.utf8 {
            let value: UInt32
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a")) + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte - UInt8(ascii: "0")) + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="):
                value = 0
                padding += 1
            default: return nil
            }
            if padding > 0, byte != UInt8(ascii: "=") { return nil }
            group = group << 6 | value
            digits += 1
            if digits.isMultiple(of: 4) {
                result.append(UInt8(truncatingIfNeeded: group >> 16))
                result.append(UInt8(truncatingIfNeeded: group >> 8))
                result.append(UInt8(truncatingIfNeeded: group))
                group = 0
            }
        }
        guard digits.isMultiple(of: 4), padding <= 2 else { return nil }
        result.removeLast(padding)
        return result
    }
}
