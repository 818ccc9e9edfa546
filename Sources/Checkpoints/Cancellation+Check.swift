import Platform

extension Cancellation? {
    /// - Throws: `cancelled` when the work on a file should end.
    func check(_ path: String) throws(FileError) {
        if self?.isRequested == true { throw FileError(.cancelled, path: path, "the work was cancelled") }
    }
}
