/// Whether a run of bytes is valid UTF-8.
package func isValidUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
    firstInvalidUTF8(in: bytes) == nil
}

/// Index of the first byte that is not valid UTF-8.
package func firstInvalidUTF8(in bytes: ArraySlice<UInt8>) -> Int? {
    bytes.withUnsafeBufferPointer { buffer in
        var at = 0
        while at < buffer.count {
            let lead = buffer[at]
            if lead < 0x80 {
                at += 1
                continue
            }
            let count = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
            guard lead >= 0xC2, lead <= 0xF4, at + count <= buffer.count else { return bytes.startIndex + at }
            for offset in 1..<count where buffer[at + offset] & 0xC0 != 0x80 { return bytes.startIndex + at }
            let second = buffer[at + 1]
            let isOverlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90)
            let isOutside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F)
            guard !isOverlong, !isOutside else { return bytes.startIndex + at }
            at += count
        }
        return nil
    }
}
