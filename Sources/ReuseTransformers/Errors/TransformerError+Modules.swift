import ModelGraph
import Platform
import Rewriting

extension TransformerError {
    /// What the modules below throw, in the library's words: the only place that translates.
    package init(_ error: any Error) {
        switch error {
        case let error as TransformerError: self = error
        case let error as any KindedError where error.kind == .cancelled: self = .cancelled
        case let error as FileError:
            self.init(
                Kind(error.kind), path: error.path, error.problems, remedy: error.remedy.isEmpty ? nil : error.remedy)
        case let error as GraphError: self.init(Kind(error.kind), error.problems.map(\.description))
        case AnalysisError.graph(let error): self.init(error)
        case AnalysisError.file(let error): self.init(error)
        case let error as any KindedError: self.init(Kind(error.kind), "\(error)")
        default: self.init(.defect, "\(error)")
        }
    }

    /// Runs a body and translates what it throws.
    package static func mapping<Result>(_ body: () throws -> Result) throws(TransformerError) -> Result {
        do { return try body() } catch { throw TransformerError(error) }
    }
}

extension TransformerError.Kind {
    /// The kind that the modules below call it.
    package init(_ kind: ErrorKind) {
        switch kind {
        case .usage: self = .usage
        case .unsupported: self = .unsupported
        case .corrupt: self = .corrupt
        case .inputOutput: self = .inputOutput
        case .defect: self = .defect
        case .cancelled: self = .cancelled
        }
    }
}
