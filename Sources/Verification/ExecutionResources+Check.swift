import Runtime

extension ExecutionResources {
    /// - Throws: `VerificationError.cancelled` when the work should end.
    func check() throws(VerificationError) {
        do { try checkCancellation() } catch { throw VerificationError(error) }
    }
}
