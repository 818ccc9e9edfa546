import Analysis
import Checkpoints
import HDF5
import Images
import Inputs
import ModelGraph
import NumPy
import Platform
import Rewriting
import Runtime
import Tokenization
import Verification

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
        case let error as HDF5Error: self.init(ExitStatus(error.kind), error)
        case let error as RuntimeError: self.init(ExitStatus(error.kind), error)
        case let error as AnalysisError: self.init(error)
        case let error as VerificationError: self.init(error)
        case let error as MetricCondition.SyntaxError: self.init(.usage, error)
        case let error as GraphError: self.init(error)
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
        // What stands in a plan is a person's; what stands in a graph came from a file.
        let isPlan = error.problems.allSatisfy { $0.kind == .plan || $0.kind == .source }
        self.init(status: isPlan ? .usage : .corrupt, lines: error.problems.map(\.description))
    }

    private init(_ error: AnalysisError) {
        switch error {
        case .graph(let error): self.init(error)
        case .runtime(let error): self.init(error)
        case .calibration, .budget, .mismatch, .shared: self.init(.usage, error)
        case .tensor: self.init(.unsupported, error)
        }
    }

    private init(_ error: VerificationError) {
        switch error {
        case .runtime(let error): self.init(error)
        case .unlike, .noData, .labels, .notMeasured: self.init(.usage, error)
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
