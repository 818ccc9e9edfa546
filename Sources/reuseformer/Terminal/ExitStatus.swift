import ReuseTransformers

/// How the command ends, as a shell sees it.
enum ExitStatus: Int32 {
    case done = 0
    /// A defect of ours.
    case defect = 1
    /// An unknown option, an impossible combination, an invalid plan or budget.
    case usage = 2
    /// The model was read and run, and is not good enough.
    case gateFailed = 3
    /// Recognised, but not something that we handle.
    case unsupported = 4
    /// Corrupt or hostile input.
    case corrupt = 5
    /// Not found, no permission, disk full, would overwrite.
    case inputOutput = 6
    /// SIGINT or SIGTERM; nothing half-written is left.
    case interrupted = 130

    /// The status that goes with a kind of error: the only place that says so.
    init(_ kind: TransformerError.Kind) {
        switch kind {
        case .usage: self = .usage
        case .unsupported: self = .unsupported
        case .corrupt: self = .corrupt
        case .inputOutput: self = .inputOutput
        case .defect: self = .defect
        case .cancelled: self = .interrupted
        }
    }
}

/// An error that the command itself found, with the status that it ends with.
struct CommandError: Error, CustomStringConvertible {
    let status: ExitStatus
    /// What is wrong, where, and what to do: one sentence or two.
    let description: String

    /// Options or documents that a person gave and can correct.
    static func usage(_ message: String) -> CommandError { CommandError(status: .usage, description: message) }

    /// A file that cannot be read or written.
    static func inputOutput(_ message: String) -> CommandError {
        CommandError(status: .inputOutput, description: message)
    }

    /// Input that is not what it says it is.
    static func corrupt(_ message: String) -> CommandError { CommandError(status: .corrupt, description: message) }
}
