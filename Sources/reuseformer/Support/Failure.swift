import ModelGraph
import Platform
import Rewriting

/// What the command says and how it ends when something goes wrong. The only place that turns errors into statuses.
struct Failure {
    let status: ExitStatus
    /// What was wrong, each line one thing.
    let lines: [String]

    /// - Parameter error: Anything that a command threw.
    init(_ error: any Error) {
        switch error {
        case let error as CommandError: self.init(error.status, error)
        case let error as FileError: self.init(error)
        case let error as GraphError: self.init(error)
        case AnalysisError.graph(let error): self.init(error)
        case let error as any KindedError: self.init(ExitStatus(error.kind), error)
        default: self.init(.defect, error)
        }
    }

    private init(_ status: ExitStatus, _ error: any Error) {
        self.init(status: status, lines: ["\(error)"])
    }

    private init(status: ExitStatus, lines: [String]) {
        self.status = status
        self.lines = lines
    }

    private init(_ error: FileError) {
        let remedy = error.remedy.isEmpty ? [] : [error.remedy]
        let problems = error.problems
        self.init(
            status: ExitStatus(error.kind),
            lines: ["\(error.path): \(problems.first ?? "")"] + problems.dropFirst() + remedy)
    }

    private init(_ error: GraphError) {
        self.init(status: ExitStatus(error.kind), lines: error.problems.map(\.description))
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
