import JSON

/// A number whose bits are written as they are.
package protocol PackedNumber: Sendable, Hashable {
    associatedtype BitPattern: FixedWidthInteger & UnsignedInteger
    var bitPattern: BitPattern { get }
    init(bitPattern: BitPattern)
}

extension Float: PackedNumber {}
extension Double: PackedNumber {}

/// Many numbers in a JSON document: the base64 of their little-endian bytes.
package struct Packed<Number: PackedNumber>: Sendable, Hashable, Codable {
    package let values: [Number]

    package init(_ values: [Number]) { self.values = values }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let size = Number.BitPattern.bitWidth / 8
        guard let data = Base64.decode(Array(try container.decode(String.self).utf8)), data.count.isMultiple(of: size)
        else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is not the base64 of float\(8 * size) numbers")
        }
        values = stride(from: 0, to: data.count, by: size).map { start in
            let bits = (0..<size).reduce(Number.BitPattern(0)) { bits, byte in
                bits | Number.BitPattern(data[start + byte]) << Number.BitPattern(8 * byte)
            }
            return Number(bitPattern: bits)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var data: [UInt8] = []
        data.reserveCapacity(values.count * Number.BitPattern.bitWidth / 8)
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        var container = encoder.singleValueContainer()
        try container.encode(Base64.encode(data))
    }
}

package typealias PackedNumbers = Packed<Float>
package typealias PackedDoubles = Packed<Double>
