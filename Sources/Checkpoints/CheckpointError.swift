/// Why a checkpoint cannot be read, or a converted model not be written.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Classes of errors; the command gives each its exit code.
    public enum Kind: String, Sendable, Hashable {
        /// The request is wrong: an unknown architecture, a spec that cannot be read.
        case usage
        /// Recognised, but not something that is handled.
        case unsupported
        /// The contents contradict themselves or are damaged.
        case corrupt
        /// Not found, no permission, disk full.
        case io
        /// A defect of the program or of its installation, whatever the input.
        case internalDefect
    }

    /// Class of the error.
    public let kind: Kind
    /// The file or folder as the caller named it.
    public let path: String
    /// What is wrong, one entry a problem, each naming its place; never empty.
    public let problems: [String]
    /// What to do about it; empty when nothing can be advised.
    public let remedy: String

    public init(_ kind: Kind, path: String, _ problems: [String], remedy: String = "") {
        self.kind = kind
        self.path = path
        self.problems = problems
        self.remedy = remedy
    }

    public init(_ kind: Kind, path: String, _ problem: String, remedy: String = "") {
        self.init(kind, path: path, [problem], remedy: remedy)
    }

    public var description: String {
        let shown = problems.prefix(20)
        let more = problems.count > shown.count ? ["… and \(problems.count - shown.count) more"] : []
        let body = problems.count == 1 ? " \(problems[0])" : "\n  " + (shown + more).joined(separator: "\n  ")
        return "\(path):\(body)" + (remedy.isEmpty ? "" : "\n\(remedy)")
    }
}
