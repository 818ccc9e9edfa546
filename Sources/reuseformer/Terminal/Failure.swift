import Platform
import ReuseTransformers

/// What the command says and how it ends when something goes wrong. The only place that turns errors into statuses.
struct Failure {
    let status: ExitStatus
    /// What was wrong, each line one thing.
    let lines: [String]

    /// - Parameter error: Anything that a command threw.
    init(_ error: any Error) {
        if let error = error as? CommandError {
            (status, lines) = (error.status, [error.description])
        } else {
            let error = TransformerError(error)
            (status, lines) = (ExitStatus(error.kind), error.lines)
        }
    }

    /// Prints the message: one line, control characters spelled out.
    func report() {
        let shown = lines.prefix(8).map { Terminal.escaped($0.replacing("\n", with: "; ")) }
        let more = lines.count > 8 ? ["and \(lines.count - 8) more"] : []
        let text = (shown + more).joined(separator: "; ")
        let remedy =
            status == .defect
            ? " (a defect of reuseformer: please report it with the command and the file that led to it)" : ""
        Terminal.note("reuseformer: \(text)\(remedy)")
    }
}
