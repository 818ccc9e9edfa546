import Inputs
import Platform
import ReuseTransformers

/// What is being done and how far it is: one line that changes on a terminal, a line a step with its time elsewhere,
/// nothing where the user asked for quiet.
final class Progress: Sendable {
    private struct State {
        var stage = ""
        var number = 0
        var started = ContinuousClock.now
        var shown = ""
        var lastDrawn: ContinuousClock.Instant?
    }

    private let state = Lock(State())
    /// Steps that the command has; `nil` where the work decides.
    private let steps: Int?

    /// - Parameter steps: Number of stages, where it is known before.
    init(steps: Int? = nil) { self.steps = steps }

    /// What work is given that should show here how far it is.
    var work: Work {
        Work(truncation: truncation, report: { [self] in show($0) }, warning: { [self] in warn($0) })
    }

    /// What was cut of texts, told when the work ends.
    private let truncation = TruncationNotes()

    /// Says what makes a result less sure than it looks.
    private func warn(_ text: String) {
        if Terminal.isInteractive, !Terminal.isQuiet { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
        Terminal.note("reuseformer: warning: \(Terminal.escaped(text))")
    }

    /// Shows how far work is.
    private func show(_ progress: WorkProgress) {
        let stage = progress.stage.description
        if state.withLock({ $0.stage != stage }) || progress.total == 0 { begin(stage) }
        advance(to: progress.completed, of: progress.total)
    }

    /// Starts a stage: `Reading the model`.
    func begin(_ stage: String) {
        let finished: String? = state.withLock { state in
            guard state.stage != stage else { return nil }
            let line = Self.finishedLine(state)
            state.stage = stage
            state.number += 1
            state.started = .now
            state.shown = ""
            return line
        }
        log(finished)
        draw(force: true)
    }

    /// Says something that a user should know, above the line that changes.
    func note(_ caution: String) {
        if Terminal.isInteractive, !Terminal.isQuiet { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
        Terminal.note("reuseformer: note: \(Terminal.escaped(caution))")
        draw(force: true)
    }

    /// Moves on within the stage; `completed` of `total` are done.
    func advance(to completed: Int, of total: Int) {
        guard total > 0 else { return }
        let share = min(1, Double(completed) / Double(total))
        let cells = 24
        let full = Int(share * Double(cells))
        let bar = String(repeating: "━", count: full) + String(repeating: "╌", count: cells - full)
        state.withLock { state in
            state.shown = "\(bar) \(Int(share * 100)) %"
            let elapsed = (ContinuousClock.now - state.started).seconds
            // Early shares foretell nothing, and nobody waits for two seconds.
            let left = share > 0.05 ? elapsed * (1 - share) / share : 0
            if left >= 2 { state.shown += ", \(Self.duration(left)) left" }
        }
        draw(force: completed >= total)
    }

    /// Ends the last stage, which is done.
    func end() { leave(isDone: true) }

    /// Leaves a stage that was begun and not ended: nothing says that it is done. Where none was, does nothing.
    func abandon() { leave(isDone: false) }

    /// Clears the line.
    private func leave(isDone: Bool) {
        let finished: String? = state.withLock { state in
            defer { state.stage = "" }
            return Self.finishedLine(state)
        }
        if isDone { log(finished) }
        if Terminal.isInteractive, !Terminal.isQuiet { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
        for sentence in truncation.take() { Terminal.note("reuseformer: note: \(sentence)") }
    }

    private static func finishedLine(_ state: State) -> String? {
        state.stage.isEmpty ? nil : "\(state.stage): \(duration((ContinuousClock.now - state.started).seconds))"
    }

    /// A line of a log: on a terminal the bar has shown as much.
    private func log(_ line: String?) {
        guard let line, !Terminal.isInteractive, !Terminal.isQuiet else { return }
        Terminal.note("reuseformer: \(Terminal.escaped(line))")
    }

    private func draw(force: Bool) {
        guard Terminal.isInteractive, !Terminal.isQuiet else { return }
        let line: String? = state.withLock { state in
            let now = ContinuousClock.now
            // Ten times a second is all that an eye follows.
            if !force, let last = state.lastDrawn, now - last < .milliseconds(100) { return nil }
            state.lastDrawn = now
            let step = steps.map { "\(min(state.number, $0))/\($0) " } ?? ""
            return "\(step)\(Terminal.escaped(state.stage)) \(state.shown)"
        }
        if let line { Terminal.write("\r\u{1B}[2K\(line)", to: STDERR_FILENO) }
    }

    /// A time for people: `0.4 s`, `12 s`, `3 min 5 s`.
    static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
