import Platform

/// A way of laying tensors out in files, recognised by content.
protocol Dialect: Sendable {
    /// Key of the specs' tensor tables.
    static var name: String { get }

    /// What in the files speaks for this dialect and what against it, by metadata alone.
    static func remarks(on files: OpenFiles) throws(FileError) -> Remarks

    /// The checkpoint in this dialect.
    ///
    /// - Throws: When the files are of this dialect, and broken.
    static func open(_ files: OpenFiles) throws(FileError) -> RecognizedCheckpoint
}

/// Observations with points.
struct Remarks: Sendable, Hashable {
    private(set) var score = 0
    /// `+50 the root has layer_names`.
    private(set) var reasons: [String] = []

    mutating func add(_ points: Int, _ reason: String) {
        score += points
        reasons.append("\(points > 0 ? "+" : "")\(points) \(reason)")
    }

    /// Adds a remark where it applies, another one where it does not.
    mutating func add(_ points: Int, if condition: Bool, _ reason: String, otherwise: (Int, String)? = nil) {
        if condition {
            add(points, reason)
        } else if let otherwise {
            add(otherwise.0, otherwise.1)
        }
    }
}
