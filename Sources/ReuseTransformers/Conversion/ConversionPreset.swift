/// Recipes of moves and precision, for those who do not want to choose.
///
/// What each does and costs on a sentence encoder stands in `docs/quality.md`.
public enum ConversionPreset: String, Sendable, Hashable, CaseIterable {
    /// 15 % of the multiply-adds, and 8 bits.
    case light
    /// 25 % of the multiply-adds, and 8 bits.
    case balanced
    /// 40 % of the multiply-adds, and 8 bits.
    case small

    /// How much is saved: of the multiply-adds at 128 tokens.
    public var budget: ConversionBudget {
        switch self {
        case .light: .multiplyAdds(0.15, tokens: 128)
        case .balanced: .multiplyAdds(0.25, tokens: 128)
        case .small: .multiplyAdds(0.4, tokens: 128)
        }
    }

    /// How many bits matrices have.
    public var precision: ConversionPrecision { .int8 }
}
