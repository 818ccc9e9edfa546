import Platform
import Tensors

/// The header of a `.npy` file: element type, order of axes and shape.
///
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
struct NumPyHeader: Equatable {
    var dtype: DType
    var isBigEndian = false
    /// Whether the first axis varies fastest.
    var isFortranOrder = false
    var shape: Shape

    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Why a header cannot be used.
    struct Failure: Error, Equatable {
        let kind: ErrorKind
        let reason: String

        static func corrupt(_ reason: String) -> Failure { Failure(kind: .corrupt, reason: reason) }
    }

    init(dtype: DType, shape: Shape) {
        self.dtype = dtype
        self.shape = shape
    }

    /// Reads a header from the start of a file's bytes.
    ///
    /// - Returns: The header and the number of its bytes.
    static func parse(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> (header: NumPyHeader, byteCount: Int) {
        guard bytes.starts(with: magic) else { throw .corrupt("not a .npy array") }
        guard bytes.count >= 12 else { throw .corrupt("it ends inside the header") }
        let version = bytes[6]
        let start: Int, length: Int
        switch version {
        case 1: (start, length) = (10, Int(bytes[8]) | Int(bytes[9]) << 8)
        case 2, 3: (start, length) = (12, (8..<12).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) })
        default: throw Failure(kind: .unsupported, reason: "version \(version) of the .npy format")
        }
        // NumPy's own limit on trustworthy headers is lower.
        guard length <= 64 << 10, length <= bytes.count - start else { throw .corrupt("a header of \(length) bytes") }
        guard let text = String(validating: bytes[start..<(start + length)], as: UTF8.self) else {
            throw .corrupt("its header is no text")
        }
        var literal = PythonLiteral(text)
        guard let fields = literal.dictionary() else { throw .corrupt("its header is not what NumPy writes") }
        guard case .text(let description) = fields["descr"], case .flag(let isFortranOrder) = fields["fortran_order"],
            case .tuple(let extents) = fields["shape"], fields.count == 3
        else {
            if case .other = fields["descr"] { throw Failure(kind: .unsupported, reason: "an array of records") }
            throw .corrupt("its header lacks descr, fortran_order or shape")
        }
        guard let shape = Shape(checking: extents) else { throw .corrupt("the impossible shape \(extents)") }
        var header = NumPyHeader(dtype: .float32, shape: shape)
        header.isFortranOrder = isFortranOrder
        (header.dtype, header.isBigEndian) = try elementType(description)
        return (header, start + length)
    }

    private static func elementType(_ description: String) throws(Failure) -> (DType, Bool) {
        guard let order = description.first, "<>|=".contains(order),
            let dtype = names.first(where: { $0.value == description.dropFirst() })?.key
        else { throw Failure(kind: .unsupported, reason: "elements of type '\(description)'; convert them to numbers") }
        return (dtype, order == ">")
    }

    /// NumPy's names without byte order. bfloat16 has none.
    private static let names: [DType: String] = [
        .bool: "b1", .int8: "i1", .int16: "i2", .int32: "i4", .int64: "i8", .uint8: "u1", .uint16: "u2",
        .uint32: "u4", .uint64: "u8", .float16: "f2", .float32: "f4", .float64: "f8",
    ]

    /// The header's bytes, a multiple of 64, with spare bytes for any first extent.
    func encoded() -> [UInt8] {
        let order = dtype.byteCount == 1 ? "|" : "<"
        let extents = shape.extents.map(String.init).joined(separator: ", ") + (shape.rank == 1 ? "," : "")
        let name = Self.names[dtype] ?? "f4"
        let text = "{'descr': '\(order)\(name)', 'fortran_order': False, 'shape': (\(extents)), }"
        // As NumPy does: a first extent that becomes known later may have up to 21 digits.
        let spare = max(0, 21 - (shape.extents.first.map { String($0).utf8.count } ?? 21))
        let used = 10 + text.utf8.count + spare + 1
        let padding = spare + (64 - used % 64) % 64
        let length = text.utf8.count + padding + 1
        return Self.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8 & 0xFF)] + Array(text.utf8)
            + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
    }
}

/// The few kinds of Python literals that a header consists of.
struct PythonLiteral {
    enum Value: Equatable {
        case text(String)
        case flag(Bool)
        case tuple([Int])
        /// Something else that ends properly: a list of fields.
        case other
    }

    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    /// `{'key': value, …}`, with nothing but spaces behind.
    mutating func dictionary() -> [String: Value]? {
        guard take("{") else { return nil }
        var result: [String: Value] = [:]
        while !take("}") {
            guard case .text(let key)? = value(), take(":"), let value = value(),
                result.updateValue(value, forKey: key) == nil
            else { return nil }
            guard take(",") || peek == UInt8(ascii: "}") else { return nil }
        }
        skipSpaces()
        return rest.isEmpty ? result : nil
    }

    private mutating func value() -> Value? {
        skipSpaces()
        switch peek {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return text()
        case UInt8(ascii: "("): return tuple()
        case UInt8(ascii: "["): return list()
        default:
            if takeWord("True") { return .flag(true) }
            if takeWord("False") { return .flag(false) }
            return nil
        }
    }

    private mutating func text() -> Value? {
        guard let quote = rest.popFirst(), let end = rest.firstIndex(of: quote) else { return nil }
        let text = String(Substring(rest[..<end]))
        rest = rest[rest.index(after: end)...]
        return text.contains("\\") ? nil : .text(text)
    }

    private mutating func tuple() -> Value? {
        guard take("(") else { return nil }
        var numbers: [Int] = []
        while !take(")") {
            skipSpaces()
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard let number = Int(Substring(digits)), numbers.count < 64 else { return nil }
            rest = rest[digits.endIndex...]
            numbers.append(number)
            // Python 2 wrote long integers with an L.
            _ = take("L")
            guard take(",") || peek == UInt8(ascii: ")") else { return nil }
        }
        return .tuple(numbers)
    }

    /// Skips a list, whatever is in it.
    private mutating func list() -> Value? {
        var depth = 0
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "]") { depth -= 1 }
            if depth == 0 { return .other }
        }
        return nil
    }

    private var peek: UInt8? {
        mutating get {
            skipSpaces()
            return rest.first
        }
    }

    private mutating func take(_ character: Character) -> Bool {
        skipSpaces()
        guard let byte = character.asciiValue, rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    private mutating func skipSpaces() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }
}
