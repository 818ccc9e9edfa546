import CH5Index
import JSON

/// What the elements of a dataset or attribute are, as far as we tell types apart.
struct ElementType {
    /// The name of the libhdf5 class, for messages.
    var className: String
    /// Bytes of a stored element.
    var size: Int
    /// Whether the bytes of a stored element are most significant first.
    var isBigEndian = false
    /// The plain machine type that the stored bytes are, if they are one.
    var plain: String?
    /// The machine type that libhdf5 has to convert to, for numbers of unusual layout.
    var converted: String?
    /// The tag of opaque elements.
    var tag: [UInt8] = []
    /// Fixed-length (`false`) or variable-length text.
    var text: Text?

    enum Text { case fixed(padding: H5T_str_t), variable(H5T_cset_t) }

    init(of type: hid_t, at path: [UInt8]) throws(Refusal) {
        size = H5Tget_size(type)
        guard size > 0 else { throw Refusal(.corrupt, path, "the datatype has no size") }
        let typeClass = H5Tget_class(type)
        className = Self.names[typeClass.rawValue] ?? "unknown"
        switch typeClass {
        case H5T_FLOAT: try describeFloat(type, path)
        case H5T_INTEGER: try describeInteger(type, path)
        case H5T_ENUM: try describeEnumeration(type, path)
        case H5T_OPAQUE:
            guard let text = H5Tget_tag(type) else { throw Refusal(.corrupt, path, "an opaque type without tag") }
            tag = Array(bytes(ofCString: text).prefix(256))
            H5free_memory(text)
        case H5T_STRING:
            if try checked(H5Tis_variable_str(type), path, "the string type cannot be read") > 0 {
                text = .variable(H5Tget_cset(type))
            } else {
                text = .fixed(padding: H5Tget_strpad(type))
            }
        case H5T_NO_CLASS, H5T_NCLASSES: throw Refusal(.corrupt, path, "the datatype is of no known class")
        default: break
        }
    }

    private static let names: [H5T_class_t.RawValue: String] = [
        H5T_INTEGER.rawValue: "integer", H5T_FLOAT.rawValue: "float", H5T_TIME.rawValue: "time",
        H5T_STRING.rawValue: "string", H5T_BITFIELD.rawValue: "bitfield", H5T_OPAQUE.rawValue: "opaque",
        H5T_COMPOUND.rawValue: "compound", H5T_REFERENCE.rawValue: "reference", H5T_ENUM.rawValue: "enumeration",
        H5T_VLEN.rawValue: "variable-length sequence", H5T_ARRAY.rawValue: "array",
    ]

    /// Bits of a floating-point format: sign, exponent and mantissa, with positions and sizes.
    private struct FloatFormat: Equatable {
        var precision = 0, offset = 0
        var sign = 0, exponentPosition = 0, exponentSize = 0, mantissaPosition = 0, mantissaSize = 0
        var bias = 0
        var impliesLeadingBit = true
    }

    // Not compared by H5Tequal: padding does not matter where there are no spare bits.
    private static let floatFormats: [(String, Int, FloatFormat)] = [
        (
            "float16", 2,
            FloatFormat(
                precision: 16, sign: 15, exponentPosition: 10, exponentSize: 5, mantissaSize: 10, bias: 15)
        ),
        (
            "bfloat16", 2,
            FloatFormat(
                precision: 16, sign: 15, exponentPosition: 7, exponentSize: 8, mantissaSize: 7, bias: 127)
        ),
        (
            "float32", 4,
            FloatFormat(
                precision: 32, sign: 31, exponentPosition: 23, exponentSize: 8, mantissaSize: 23, bias: 127)
        ),
        (
            "float64", 8,
            FloatFormat(
                precision: 64, sign: 63, exponentPosition: 52, exponentSize: 11, mantissaSize: 52, bias: 1023)
        ),
    ]

    private mutating func describeFloat(_ type: hid_t, _ path: [UInt8]) throws(Refusal) {
        try describeOrder(type, path)
        var sign = 0, exponentPosition = 0, exponentSize = 0, mantissaPosition = 0, mantissaSize = 0
        try checked(
            H5Tget_fields(type, &sign, &exponentPosition, &exponentSize, &mantissaPosition, &mantissaSize), path,
            "the floating-point type cannot be read")
        let format = FloatFormat(
            precision: H5Tget_precision(type), offset: Int(H5Tget_offset(type)), sign: sign,
            exponentPosition: exponentPosition, exponentSize: exponentSize, mantissaPosition: mantissaPosition,
            mantissaSize: mantissaSize, bias: H5Tget_ebias(type),
            impliesLeadingBit: H5Tget_norm(type) == H5T_NORM_IMPLIED)
        plain = Self.floatFormats.first { $0.1 == size && $0.2 == format }?.0
        guard plain == nil else { return }

        let isSound =
            size <= 16 && format.precision > 0 && format.offset >= 0 && format.offset + format.precision <= size * 8
            && exponentSize > 0 && exponentSize <= 32 && mantissaSize > 0
            && Self.disjoint(
                [
                    sign..<(sign + 1), exponentPosition..<(exponentPosition + exponentSize),
                    mantissaPosition..<(mantissaPosition + mantissaSize),
                ], within: size * 8)
        guard isSound else {
            throw Refusal(.corrupt, path, "the bit fields of a floating-point type of \(size) bytes make no sense")
        }
        converted = "float64"
    }

    private static func disjoint(_ fields: [Range<Int>], within bits: Int) -> Bool {
        let sorted = fields.sorted { $0.lowerBound < $1.lowerBound }
        return zip(sorted, sorted.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
            && sorted.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= bits }
    }

    private mutating func describeInteger(_ type: hid_t, _ path: [UInt8]) throws(Refusal) {
        guard [1, 2, 4, 8].contains(size) || size <= 16 else {
            throw Refusal(.corrupt, path, "an integer of \(size) bytes")
        }
        try describeOrder(type, path)
        let isSigned = H5Tget_sign(type) == H5T_SGN_2
        let precision = H5Tget_precision(type), offset = Int(H5Tget_offset(type))
        guard precision > 0, offset >= 0, precision <= size * 8, offset <= size * 8 - precision else {
            throw Refusal(.corrupt, path, "\(precision) bits at \(offset) in an integer of \(size) bytes")
        }
        if [1, 2, 4, 8].contains(size), precision == size * 8 {
            plain = (isSigned ? "int" : "uint") + String(precision)
        } else if precision <= 64 {
            converted = isSigned ? "int64" : "uint64"
        }
    }

    private mutating func describeEnumeration(_ type: hid_t, _ path: [UInt8]) throws(Refusal) {
        let base = try Handle(H5Tget_super(type), path, "the base of an enumeration cannot be read")
        let baseType = try ElementType(of: base.id, at: path)
        isBigEndian = baseType.isBigEndian
        plain = baseType.plain
        guard baseType.size == size, plain == "int8" || plain == "uint8", H5Tget_nmembers(type) == 2 else { return }
        var members: [String: UInt8] = [:]
        for index in 0..<UInt32(2) {
            guard let name = H5Tget_member_name(type, index) else { return }
            var value: UInt8 = 0
            if H5Tget_member_value(type, index, &value) >= 0 { members[String(cString: name)] = value }
            H5free_memory(name)
        }
        if members == ["FALSE": 0, "TRUE": 1] { plain = "bool" }
    }

    private mutating func describeOrder(_ type: hid_t, _ path: [UInt8]) throws(Refusal) {
        switch H5Tget_order(type) {
        case H5T_ORDER_LE, H5T_ORDER_NONE: isBigEndian = false
        case H5T_ORDER_BE: isBigEndian = true
        default: throw Refusal(.corrupt, path, "the byte order of the datatype is none that checkpoints use")
        }
    }

    /// Writes the type as a member of the open object.
    func write(to json: inout JSONWriter) {
        json.object("type") { json in
            json.text("class", className)
            json.number("size", size)
            if let plain { json.text("plain", plain) }
            if let converted { json.text("converted", converted) }
            if isBigEndian { json.flag("bigEndian", true) }
            if !tag.isEmpty { json.text("tag", tag) }
        }
    }
}
