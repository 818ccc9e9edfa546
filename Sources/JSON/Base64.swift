/// Bytes as text, base 64 of RFC 4648, section 4, with padding.
package enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// What each byte stands for as a digit; 64 for one that is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 64, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(truncatingIfNeeded: value) }
        return values
    }()

    /// Appends the text of some bytes.
    package static func append(_ data: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        let digits = digits
        text.reserveCapacity(text.count + (data.count + 2) / 3 * 4)
        var index = 0
        while index < data.count {
            let count = min(3, data.count - index)
            var group = UInt32(data[index]) << 16
            if count > 1 { group |= UInt32(data[index + 1]) << 8 }
            if count > 2 { group |= UInt32(data[index + 2]) }
            for digit in 0..<4 {
                text.append(digit <= count ? digits[Int(group >> (18 - 6 * UInt32(digit)) & 63)] : padding)
            }
            index += 3
        }
    }

    /// The text of some bytes.
    package static func encode(_ data: [UInt8]) -> String {
        var text: [UInt8] = []
        data.withUnsafeBytes { append($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that a text stands for; `nil` when it is no base 64.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        let values = values
        let paddingCount = text.reversed().prefix { $0 == padding }.count
        guard text.count.isMultiple(of: 4), paddingCount <= 2 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        for (index, byte) in text.enumerated() {
            let isDigit = index < text.count - paddingCount
            let value = isDigit ? values[Int(byte)] : 0
            guard value < 64 else { return nil }
            group = group << 6 | UInt32(value)
            if index & 3 == 3 {
                for shift in [16, 8, 0] as [UInt32] { result.append(UInt8(truncatingIfNeeded: group >> shift)) }
            }
        }
        result.removeLast(paddingCount)
        return result
    }
}
