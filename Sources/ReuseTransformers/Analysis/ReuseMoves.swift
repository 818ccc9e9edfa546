import Analysis
import Rewriting

/// What a plan may do: what may stand in for a head's own attention map, and what else may be left out.
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
    /// Neurons of feed-forward parts are left out, what is left is refitted. Saves no maps.
    public static let neurons = ReuseMoves(rawValue: Moves.neurons.rawValue)
    /// Queries and keys become narrower: a product of lower rank in the place of theirs. Saves no maps.
    public static let ranks = ReuseMoves(rawValue: Moves.ranks.rawValue)
    /// Heads look at one key only: the product with their values becomes a look-up. Saves no maps.
    public static let hard = ReuseMoves(rawValue: Moves.hard.rawValue)
    /// One matrix in the place of a whole attention layer, by least squares.
    public static let linear = ReuseMoves(rawValue: Moves.linear.rawValue)
    /// Tokens of each sequence that are most alike are merged. Saves no maps; only where the model gives one result a
    /// sequence.
    public static let tokens = ReuseMoves(rawValue: Moves.tokens.rawValue)
    /// Reuse, blends and patterns: the moves of maps that need no asking.
    public static let standard = ReuseMoves(rawValue: Moves.standard.rawValue)
    /// What an analysis measures unless told otherwise: enough for plans of any budget.
    public static let analyzed = ReuseMoves(rawValue: Moves.analyzed.rawValue)

    /// What a budget's plan may do unless told otherwise: a budget of maps is about maps, one of arithmetic or bytes
    /// takes what is cheapest.
    package static func standard(for budget: Budget?) -> ReuseMoves {
        switch budget?.goal {
        case .multiplyAdds, .bytes, .speed: [.standard, .neurons, .ranks]
        case nil, .attention, .maps, .quality: .standard
        }
    }

    package var moves: Moves { Moves(rawValue: rawValue) }
}
