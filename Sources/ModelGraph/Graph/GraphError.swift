import Platform

/// Something wrong with a graph, a plan, or the tensors bound to a graph.
package struct GraphError: KindedError, Sendable, Hashable {
    /// What a problem is about, for those who treat them differently.
    package enum Kind: String, Sendable, Hashable {
        /// Names, inputs, shapes of the graph.
        case structure
        /// A head's source breaks a rule of reuse.
        case source
        /// A tensor is missing or has another shape.
        case tensor
        /// A plan does not fit the graph.
        case plan
    }

    /// One thing that is wrong.
    package struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// What the problem is about.
        package let kind: Kind
        /// Node, head or tensor.
        package let subject: String
        /// What is wrong, what to do.
        package let message: String

        package init(kind: Kind, subject: String, message: String) {
            self.kind = kind
            self.subject = subject
            self.message = message
        }

        package var description: String { "\(subject): \(message)" }
    }

    /// Everything that was found, in execution order; never empty.
    package let problems: [Problem]

    package init(_ problems: [Problem]) { self.problems = problems }

    package init(_ kind: Kind, _ subject: String, _ message: String) {
        problems = [Problem(kind: kind, subject: subject, message: message)]
    }

    /// What stands in a plan is a person's; what stands in a graph came from a file.
    package var kind: ErrorKind {
        problems.allSatisfy { $0.kind == .plan || $0.kind == .source } ? .usage : .corrupt
    }

    package var description: String {
        let shown = problems.prefix(8).map(\.description).joined(separator: "\n")
        return problems.count > 8 ? shown + "\n… and \(problems.count - 8) more" : shown
    }
}
