import Foundation

/// Many numbers in a JSON document: the base64 of their little-endian float32 bytes.
struct PackedNumbers: Sendable, Hashable, Codable {
    let values: [Float]

    init(values: [Float]) { self.values = values }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let data = Data(base64Encoded: try container.decode(String.self)), data.count.isMultiple(of: 4) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is not the base64 of float32 numbers")
        }
        values = stride(from: 0, to: data.count, by: 4).map { start in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[data.startIndex + start + $1]) << UInt32(8 * $1) }
            return Float(bitPattern: bits)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var data = Data(capacity: values.count * 4)
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        var container = encoder.singleValueContainer()
        try container.encode(data.base64EncodedString())
    }
}
