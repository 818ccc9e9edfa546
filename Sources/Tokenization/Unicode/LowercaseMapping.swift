extension [UInt8] {
    /// Appends a scalar in lower case (its full mapping, without context), as of Unicode 16.
    mutating func appendLowercased(_ scalar: Unicode.Scalar) {
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
