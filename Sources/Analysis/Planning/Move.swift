import ModelGraph
import Rewriting

/// One kind of thing that plans take out of a model.
///
/// A move offers ladders: in each place of the model an order in which things go, and the damage at the model's output
/// after each. The planner knows nothing else about it: what a ladder saves it reads from the cost model, by the plan
/// that the move writes. Orders inside a ladder come from local damage, which `Analyzer` measures, as it measures the
/// curves. What a plan does to graph and tensors is the business of `Plans` and `Rewriting`.
package protocol Move: Sendable {
    /// The words of `--allow` that bring the move into plans.
    static var words: Moves { get }

    /// What can be given up, place by place.
    func ladders() -> [Ladder]

    /// Gives things up in a plan.
    ///
    /// - Parameters:
    ///   - taken: Rungs in the order in which they were taken.
    ///   - plan: A plan that gives up nothing of this kind so far.
    func write(_ taken: [Rung], to plan: inout ReusePlan)
}

/// One step down a ladder.
package struct Rung: Sendable, Hashable {
    /// The node that loses something.
    package let node: String
    /// What it loses: heads, neurons, columns of queries and keys; nothing where a matrix takes the whole node's place.
    package let indices: [Int]
    /// Damage expected at the output after this rung and those before it on its ladder.
    package let damage: Double
}

/// What can be given up in one place of a model, the cheapest first.
package struct Ladder: Sendable {
    /// Steps, which can only be taken in this order; damages never fall.
    package let rungs: [Rung]
    /// By how much damage is taken for more than was measured.
    package let caution: Double
    /// Whether everything on it saves alike, so that the whole ladder's saving tells each rung's.
    package let isEven: Bool

    package init(rungs: [Rung], caution: Double = 1, isEven: Bool = false) {
        self.rungs = rungs
        self.caution = caution
        self.isEven = isEven
    }
}
