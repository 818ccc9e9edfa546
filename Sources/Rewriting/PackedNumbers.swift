import JSON

/// Many numbers in a JSON document: the base64 of their little-endian float32 bytes.
package struct PackedNumbers: Sendable, Hashable, Codable {
    package let values: [Float]

    package init(values: [Float]) { self.values = values }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let data = Base64.decode(Array(try container.decode(String.self).utf8)), data.count.isMultiple(of: 4)
        else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is not the base64 of float32 numbers")
        }
        values = stride(from: 0, to: data.count, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[start + $1]) << UInt32(8 * $1) })
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var data: [UInt8] = []
        data.reserveCapacity(values.count * 4)
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        var container = encoder.singleValueContainer()
        try container.encode(Base64.encode(data))
    }
}
