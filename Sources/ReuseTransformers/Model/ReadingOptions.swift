import Foundation
import HDF5

/// How HDF5 files that others made are read: by which helper, and at which cost.
///
/// Such files are opened by a program of their own, `reuseformer-h5index`, which a service ships beside its own
/// executable. A damaged or hostile file can at most end the helper.
public struct ReadingOptions: Sendable, Hashable {
    /// What the modules below are given.
    var options: HDF5ReadingOptions

    /// Reading with the helper beside the running program, within limits that every sound checkpoint keeps.
    public init() { options = .standard }

    /// Reading with a helper of one's own choice.
    ///
    /// - Parameters:
    ///   - helper: The executable of `reuseformer-h5index`; `nil`: the one beside the running program.
    ///   - limits: Limits that differ from the standard, by name (`limitNames`), such as `["objects": 1_000_000]`.
    /// - Throws: `.usage` for a limit that does not exist or is below 1.
    public init(helper: URL? = nil, limits: [String: Int]) throws(TransformerError) {
        options = .standard
        if let helper { options.helper = IndexHelper(executable: helper.path) }
        let text = limits.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        do { options.limits = try HDF5Limits(parsing: text) } catch {
            throw TransformerError(.usage, error.description)
        }
    }

    /// Reading with a helper of one's own choice, within the standard limits.
    public init(helper: URL) {
        options = .standard
        options.helper = IndexHelper(executable: helper.path)
    }

    /// Names of the limits.
    public static var limitNames: [String] { HDF5Limits.Name.allCases.map(\.rawValue) }
}
