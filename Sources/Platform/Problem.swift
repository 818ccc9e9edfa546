/// Something wrong with a checkpoint, as it is collected before all of it is thrown together.
package struct Problem: Error, Sendable, Hashable {
    package let kind: ErrorKind
    package let message: String

    package init(_ kind: ErrorKind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension FileError {
    /// All problems in one error; contradictions weigh more than what is merely not handled.
    package init(_ problems: [Problem], path: String, remedy: String = "") {
        let order: [Kind] = [.defect, .inputOutput, .corrupt, .usage, .unsupported]
        let kind = order.first { kind in problems.contains { $0.kind == kind } } ?? .corrupt
        self.init(kind, path: path, problems.map(\.message), remedy: remedy)
    }
}
