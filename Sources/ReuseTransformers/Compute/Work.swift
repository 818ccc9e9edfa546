import Inputs
import Platform

/// What long work is told and tells: whether it should end, and how far it is.
package struct Work: Sendable {
    /// The wish that it should end.
    package let cancellation: Cancellation
    /// Called on the thread that works.
    package let report: @Sendable (WorkProgress) -> Void
    /// What was cut of texts that the work read.
    package let truncation: TruncationNotes
    /// Called on the thread that works with what makes its result less sure than it looks, a sentence each.
    package let warning: @Sendable (String) -> Void

    package init(
        cancellation: Cancellation = Cancellation(), truncation: TruncationNotes = TruncationNotes(),
        report: @escaping @Sendable (WorkProgress) -> Void = { _ in },
        warning: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.cancellation = cancellation
        self.truncation = truncation
        self.warning = warning
        self.report = report
    }

    /// Says that a stage begins.
    package func begin(_ stage: WorkProgress.Stage) { report(WorkProgress(stage: stage, completed: 0, total: 0)) }

    /// Says how far a stage is.
    package func advance(_ stage: WorkProgress.Stage, to completed: Int, of total: Int) {
        report(WorkProgress(stage: stage, completed: completed, total: total))
    }

    /// - Throws: `.cancelled` when the work should end.
    func checkCancellation() throws(TransformerError) {
        if cancellation.isRequested { throw .cancelled }
    }
}
