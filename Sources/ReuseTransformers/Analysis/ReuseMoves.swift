import Analysis
import Rewriting

/// What may stand in for a head's own attention map.
public struct ReuseMoves: OptionSet, Sendable, Hashable {
    /// One bit a move.
    public let rawValue: Int

    /// Moves of a sum of powers of two.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// One earlier map as it is.
    public static let reuse = ReuseMoves(rawValue: Moves.reuse.rawValue)
    /// A weighted sum of earlier maps.
    public static let blend = ReuseMoves(rawValue: Moves.blend.rawValue)
    /// Fixed patterns, such as “the previous token”.
    public static let pattern = ReuseMoves(rawValue: Moves.pattern.rawValue)
    /// Nothing: the head contributes its mean only.
    public static let drop = ReuseMoves(rawValue: Moves.drop.rawValue)
    /// Reuse, blends and patterns.
    public static let standard = ReuseMoves(rawValue: Moves.standard.rawValue)

    package var moves: Moves { Moves(rawValue: rawValue) }
}
