import HDF5
import Platform

extension HDF5ReadingOptions {
    /// The helper beside the command, and the limits that `REUSEFORMER_LIMITS` asks for.
    ///
    /// - Throws: When the variable names limits that do not exist.
    static func ofEnvironment() throws -> HDF5ReadingOptions {
        guard let text = getenv(HDF5Limits.environmentVariable) else { return .standard }
        do {
            return HDF5ReadingOptions(limits: try HDF5Limits(parsing: String(cString: text)))
        } catch {
            throw CommandError.usage("\(HDF5Limits.environmentVariable): \(error)")
        }
    }
}
