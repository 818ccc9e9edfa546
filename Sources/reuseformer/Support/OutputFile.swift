/// Files that the command writes.
enum OutputFile {
    /// Removes what is half-written: called when the process is about to end.
    static func discardAllPartials() {}
}
