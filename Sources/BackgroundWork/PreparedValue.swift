import Platform

/// A value that is made when it is first needed and then shared: a compiled model.
package final class PreparedValue<Value: Sendable>: Sendable {
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

    package init() {}

    /// The value; the first caller makes it, others wait for it.
    ///
    /// - Parameter check: Called before each look at the value: ends the wait by throwing.
    /// - Throws: What `check` throws, and what `make` throws, after which the next caller tries.
    package func get<Failure: Error>(
        checking check: () throws(Failure) -> Void, make: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        while true {
            try check()
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
                do throws(Failure) {
                    let value = try make()
                    state.withLock { $0 = .ready(value) }
                    return value
                } catch {
                    state.withLock { $0 = .missing }
                    throw error
                }
            }
        }
    }
}
