import ArgumentParser
import ModelGraph

/// What the command says and how it ends when something goes wrong. The only place that turns errors into statuses.
struct Failure {
    let status: ExitStatus
    /// What was wrong, each line one thing.
    let lines: [String]

    /// - Parameter error: Anything that a command threw.
    init(_ error: any Error) {
        switch error {
        case let error as CommandError:
            self.init(error.status, error)
        case let error as GraphError:
            // What stands in a plan is a person's; what stands in a graph came from a file.
            let isPlan = error.problems.allSatisfy { $0.kind == .plan || $0.kind == .source }
            self.init(status: isPlan ? .usage : .corrupt, lines: error.problems.map(\.description))
        case let error as Document.ReadError:
            self.init(.usage, error)
        default:
            self.init(.defect, error)
        }
    }

    private init(_ status: ExitStatus, _ error: any Error) {
        self.init(status: status, lines: ["\(error)"])
    }

    private init(status: ExitStatus, lines: [String]) {
        self.status = status
        self.lines = lines
    }

    /// Prints the message.
    func report() {
        let shown = lines.prefix(8).map { Terminal.escaped($0) }
        let more = lines.count > 8 ? ["and \(lines.count - 8) more"] : []
        let text = (shown + more).joined(separator: "; ")
        let remedy =
            status == .defect
            ? " (this is a defect of reuseformer: please report it with the command and the file that led to it)" : ""
        Terminal.note("reuseformer: \(text)\(remedy)")
    }
}
