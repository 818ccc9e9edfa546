import Platform

/// A value that is made when it is first needed and then shared: a compiled model.
final class PreparedValue<Value: Sendable>: Sendable {
    private enum State {
        case missing, underway
        case ready(Value)
    }

    private enum Turn {
        case make, wait
        case take(Value)
    }

    private let state = Lock(State.missing)

    /// Microseconds between two looks at what another caller makes.
    private static var pause: UInt32 { 2000 }

    /// The value; the first caller makes it, others wait for it, each as long as its own work may go on.
    ///
    /// - Throws: What `make` throws, after which the next caller tries; `.cancelled`.
    func get(_ work: Work, make: () throws -> Value) throws(TransformerError) -> Value {
        while true {
            try work.checkCancellation()
            let turn: Turn = state.withLock { state in
                switch state {
                case .ready(let value): return .take(value)
                case .underway: return .wait
                case .missing:
                    state = .underway
                    return .make
                }
            }
            switch turn {
            case .take(let value): return value
            // A lock could not be left when the waiting work is cancelled.
            case .wait: usleep(Self.pause)
            case .make:
                do {
                    let value = try make()
                    state.withLock { $0 = .ready(value) }
                    return value
                } catch {
                    state.withLock { $0 = .missing }
                    throw TransformerError(error)
                }
            }
        }
    }
}
