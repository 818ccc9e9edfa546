/// Moves that a plan may make.
package struct Moves: OptionSet, Sendable, Hashable {
    /// One bit a move.
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Another head's map, as it is (its weight goes into the output projection).
    package static let reuse = Moves(rawValue: 1)
    /// Sums of several maps.
    package static let blend = Moves(rawValue: 2)
    /// Static patterns.
    package static let pattern = Moves(rawValue: 4)
    /// Leaving a head out.
    package static let drop = Moves(rawValue: 8)
    /// Leaving neurons of feed-forward parts out.
    package static let neurons = Moves(rawValue: 16)
    /// One matrix in the place of a whole attention node.
    package static let linear = Moves(rawValue: 32)
    /// Narrower queries and keys.
    package static let ranks = Moves(rawValue: 64)
    /// Heads that look at one key only.
    package static let hard = Moves(rawValue: 1024)

    /// Merging the tokens of each sequence that are most alike.
    package static let tokens = Moves(rawValue: 256)

    /// Moves of attention maps that nobody has to ask for.
    package static let standard: Moves = [.reuse, .blend, .pattern]
    /// Moves that are about attention maps.
    package static let ofHeads: Moves = [.reuse, .blend, .pattern, .drop, .linear]
    /// What an analysis measures unless it is told otherwise: enough for plans of any budget.
    package static let analyzed: Moves = [.reuse, .blend, .pattern, .neurons, .linear, .ranks, .tokens]
    /// All moves.
    package static let all: Moves = [.reuse, .blend, .pattern, .drop, .neurons, .linear, .ranks, .hard, .tokens]
}
