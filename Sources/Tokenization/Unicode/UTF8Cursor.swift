/// A scalar and the bytes it takes.
package struct DecodedScalar {
    package var scalar: Unicode.Scalar
    package var byteCount: Int
}

/// Decodes the scalar that starts at an index below `end`.
///
/// Buffers of this module hold valid UTF-8, so the replacement character for anything else is a safety net, not a path.
@inline(__always)
package func decodeScalar(_ bytes: [UInt8], at index: Int, end: Int) -> DecodedScalar {
    let lead = bytes[index]
    if lead < 0x80 { return DecodedScalar(scalar: Unicode.Scalar(lead), byteCount: 1) }
    return decodeMultibyte(bytes, lead: lead, at: index, end: end)
}

private func decodeMultibyte(_ bytes: [UInt8], lead: UInt8, at index: Int, end: Int) -> DecodedScalar {
    let invalid = DecodedScalar(scalar: "\u{FFFD}", byteCount: 1)
    let count = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard lead >= 0xC2, lead <= 0xF4, index + count <= end else { return invalid }
    var value = UInt32(lead) & (0x7F >> UInt32(count))
    for offset in 1..<count {
        let byte = bytes[index + offset]
        guard byte & 0xC0 == 0x80 else { return invalid }
        value = value << 6 | UInt32(byte & 0x3F)
    }
    guard let scalar = Unicode.Scalar(value) else { return invalid }
    return DecodedScalar(scalar: scalar, byteCount: count)
}

/// Decodes the scalar that ends before an index above `start`.
package func decodeScalar(_ bytes: [UInt8], before index: Int, start: Int) -> DecodedScalar {
    var at = index - 1
    while at > start, bytes[at] & 0xC0 == 0x80, index - at < 4 { at -= 1 }
    return decodeScalar(bytes, at: at, end: index)
}

extension [UInt8] {
    /// Appends a scalar's UTF-8 bytes.
    @inline(__always)
    package mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.value < 0x80 {
            append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
    }

    /// Whether all bytes are below 0x80.
    package var isASCII: Bool {
        withUnsafeBufferPointer { buffer in
            var bits: UInt8 = 0
            for byte in buffer { bits |= byte }
            return bits < 0x80
        }
    }

    /// This run of bytes with every occurrence of a non-empty pattern replaced, from left to right.
    package func replacing(bytes pattern: [UInt8], with replacement: [UInt8]) -> [UInt8] {
        guard let first = pattern.first, count >= pattern.count else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var at = 0
        while at < count {
            if self[at] == first, at + pattern.count <= count, self[at..<at + pattern.count].elementsEqual(pattern) {
                result.append(contentsOf: replacement)
                at += pattern.count
            } else {
                result.append(self[at])
                at += 1
            }
        }
        return result
    }
}

extension [UInt8] {
    /// Appends a scalar in lower case (its full mapping, without context), as of Unicode 16.
    package mutating func appendLowercased(_ scalar: Unicode.Scalar) {
        if scalar.value < 0x80 {
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
            return
        }
        let properties = scalar.properties
        guard properties.changesWhenLowercased, properties.age.map({ $0.major <= 16 }) ?? false else {
            append(scalar)
            return
        }
        append(contentsOf: properties.lowercaseMapping.utf8)
    }
}
