/// A share of something, from 0 to 1, as documents write it.
package struct UnitShare: Sendable, Hashable, Codable, Placeholding {
    /// The share.
    package let value: Double

    package static var placeholder: UnitShare { UnitShare(value: 0) }

    private init(value: Double) { self.value = value }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        value = try container.decode(Double.self)
        guard (0...1).contains(value) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is no share: a number from 0 to 1 was expected, not \(value)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
