import Platform

/// Lets those sequences leave whose scores are sure enough, and runs the rest of the model for the others.
struct ExitStep: Sendable {
    /// Scores of the exit.
    let early: Register
    /// The value that the rest goes on with.
    let stream: Register
    let out: Register
    /// How far the largest score has to be ahead of the second largest.
    let margin: Float
    /// The rest of the model, whose one input is the stream.
    let rest: Schedule
    /// The scores that the rest makes.
    let late: Register
    /// Name of the stream, which the rest knows as its input.
    let name: String
    /// Number of the exit in its schedule.
    let index: Int
    let tally: ExitTally
}

/// How many sequences came to an exit, and how many left there.
final class ExitTally: Sendable {
    /// Name of the graph's node.
    let node: String
    private let counts = Lock((all: 0, left: 0))

    init(_ node: String) { self.node = node }

    func add(_ all: Int, left: Int) {
        counts.withLock { $0 = ($0.all + all, $0.left + left) }
    }

    var values: (all: Int, left: Int) { counts.withLock { $0 } }
}
