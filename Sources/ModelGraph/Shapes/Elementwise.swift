/// Functions of each element that are no activations: of one value, or of several that meet as those of `add` do.
///
/// Comparisons give 1 where they hold and 0 elsewhere.
package enum Elementwise: String, Sendable, Hashable, Codable, CaseIterable {
    // Of one value.
    case floor, ceiling, sign
    /// To the nearest whole number, halves to the even one.
    case rounded
    // Of two.
    case divide, power
    /// The largest whole number not above the quotient.
    case floorDivide = "floor_divide"
    /// What a floored quotient leaves, with the sign of the divisor.
    case remainder
    case equal, less
    case notEqual = "not_equal"
    case lessOrEqual = "less_or_equal"
    // Of three.
    /// Elements of the second value where the first is not 0, of the third elsewhere.
    case select

    /// How many values it takes.
    package var valueCount: Int {
        switch self {
        case .floor, .ceiling, .sign, .rounded: 1
        case .divide, .power, .floorDivide, .remainder, .equal, .less, .notEqual, .lessOrEqual: 2
        case .select: 3
        }
    }
}
