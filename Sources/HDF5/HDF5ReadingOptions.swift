/// How HDF5 files are read: by which helper, and within which limits.
package struct HDF5ReadingOptions: Sendable, Hashable {
    /// The program that reads the structure of a file. `nil` when there is none: opening a file then fails as a defect
    /// of the installation.
    package var helper: IndexHelper?
    /// What reading may cost.
    package var limits: HDF5Limits

    /// - Parameters:
    ///   - helper: The program to use; by default the one beside the running program.
    ///   - limits: What reading may cost.
    package init(helper: IndexHelper? = .besideProgram, limits: HDF5Limits = .standard) {
        self.helper = helper
        self.limits = limits
    }

    /// The helper beside the running program, and the standard limits.
    package static let standard = HDF5ReadingOptions()
}
