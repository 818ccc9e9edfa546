import Platform
import ReuseTransformers

/// One line on the terminal that says what is being done and how far it is. Silent when nobody watches.
final class Progress: Sendable {
    private struct State {
        var stage = ""
        var shown = ""
        var lastDrawn: ContinuousClock.Instant?
    }

    private let state = Lock(State())

    /// What work is given that should show here how far it is.
    var work: Work { Work { [self] in show($0) } }

    /// Shows how far work is.
    private func show(_ progress: WorkProgress) {
        let stage = progress.stage.description
        if state.withLock({ $0.stage != stage }) || progress.total == 0 { begin(stage) }
        advance(to: progress.completed, of: progress.total)
    }

    /// Starts a stage: `Reading the model`.
    func begin(_ stage: String) {
        update(force: true) { $0.stage = stage }
    }

    /// Moves on within the stage; `completed` of `total` are done.
    func advance(to completed: Int, of total: Int) {
        guard total > 0 else { return }
        let share = min(1, Double(completed) / Double(total))
        let cells = 24
        let full = Int(share * Double(cells))
        let bar = String(repeating: "━", count: full) + String(repeating: "╌", count: cells - full)
        update(force: completed >= total) { $0.shown = "\(bar) \(Int(share * 100)) %" }
    }

    /// Clears the line.
    func end() {
        guard Terminal.isInteractive else { return }
        Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO)
    }

    private func update(force: Bool, _ change: (inout State) -> Void) {
        guard Terminal.isInteractive else { return }
        let line: String? = state.withLock { state in
            let before = state.stage
            change(&state)
            if state.stage != before { state.shown = "" }
            let now = ContinuousClock.now
            // Ten times a second is all that an eye follows.
            if !force, let last = state.lastDrawn, now - last < .milliseconds(100) { return nil }
            state.lastDrawn = now
            return "\(state.stage) \(state.shown)"
        }
        if let line { Terminal.write("\r\u{1B}[2K\(line)", to: STDERR_FILENO) }
    }
}
