/// What a row's numbers are rounded to before a layer that was quantised at run time sees them.
package enum Rounding: Sendable, Hashable {
    /// 8-bit whole numbers with a factor of each row: `q = round(x · s)`, s = 127 / (max |x| + 10⁻⁷), within ±127; the
    /// row is `q / s`. Ties go to the even number.
    case eightBit
    /// 8-bit floating point with 4 bits of exponent and 3 of fraction, without infinities (E4M3): `x / scale`, within
    /// ±448, rounded to the nearest such number, ties to even; times `scale`.
    case float8(scale: Float)

    /// What is wrong with the numbers; `nil` when they make sense.
    var problem: String? {
        guard case .float8(let scale) = self, !(scale.isFinite && scale > 0) else { return nil }
        return "the scale is \(scale), must be a positive number"
    }
}

extension Rounding {
    /// One number of a row on its own; only for roundings that look at no other.
    package func rounded(_ value: Float) -> Float {
        guard case .float8(let scale) = self else { return value }
        let scaled = min(max(value / scale, -448), 448)
        guard scaled != 0, scaled.isFinite else { return scaled * scale }
        // Below the smallest normal number the steps stay as they are there.
        let step = Float(sign: .plus, exponent: max(scaled.exponent, -6) - 3, significand: 1)
        return (scaled / step).rounded(.toNearestOrEven) * step * scale
    }
}

extension Rounding: Codable {
    private enum Key: String, CodingKey { case to, scale }
    private enum Format: String, Codable {
        case eightBit = "int8"
        case float8 = "float8_e4m3"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(Format.self, forKey: .to) {
        case .eightBit: self = .eightBit
        case .float8: self = .float8(scale: try container.decode(Float.self, forKey: .scale))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .eightBit: try container.encode(Format.eightBit, forKey: .to)
        case .float8(let scale):
            try container.encode(Format.float8, forKey: .to)
            try container.encode(scale, forKey: .scale)
        }
    }
}
