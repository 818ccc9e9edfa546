/// Something wrong with a graph, a plan, or the tensors bound to a graph.
public struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a problem is about, for those who treat them differently.
    public enum Kind: String, Sendable, Hashable {
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
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// What the problem is about.
        public let kind: Kind
        /// Node, head or tensor.
        public let place: String
        /// What is wrong, what to do.
        public let message: String

        public init(kind: Kind, place: String, message: String) {
            self.kind = kind
            self.place = place
            self.message = message
        }

        public var description: String { "\(place): \(message)" }
    }

    /// Everything that was found, in execution order; never empty.
    public let problems: [Problem]

    public init(_ problems: [Problem]) { self.problems = problems }

    public init(_ kind: Kind, _ place: String, _ message: String) {
        problems = [Problem(kind: kind, place: place, message: message)]
    }

    public var description: String {
        let shown = problems.prefix(8).map(\.description).joined(separator: "\n")
        return problems.count > 8 ? shown + "\n… and \(problems.count - 8) more" : shown
    }
}
