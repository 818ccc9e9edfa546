/// Walks the fields of a protobuf message. Source: the wire format's description on protobuf.dev.
enum ProtobufReader {
    enum Value {
        case integer(Int64)
        case fixed32(UInt32)
        case fixed64
        case bytes(ArraySlice<UInt8>)
    }

    /// Calls a closure with each field.
    ///
    /// - Returns: `false` when the bytes are no message, or the closure said so.
    static func forEachField(_ message: ArraySlice<UInt8>, _ body: (Int, Value) -> Bool) -> Bool {
        var rest = message
        while !rest.isEmpty {
            guard let key = varint(&rest) else { return false }
            let value: Value
            switch key & 7 {
            case 0:
                guard let integer = varint(&rest) else { return false }
                value = .integer(Int64(bitPattern: integer))
            case 1:
                guard rest.count >= 8 else { return false }
                rest = rest.dropFirst(8)
                value = .fixed64
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return false }
                value = .bytes(rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
            case 5:
                guard rest.count >= 4 else { return false }
                value = .fixed32(rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
                rest = rest.dropFirst(4)
            default: return false
            }
            guard body(Int(truncatingIfNeeded: key >> 3), value) else { return false }
        }
        return true
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst(), shift < 64 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
