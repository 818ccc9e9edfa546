/// One parameter of one node, in text and documents `<node>/<parameter>`.
package struct ParameterID: Sendable, Hashable {
    /// Name of the node.
    package let node: String
    /// Name among the node's parameters: `weight`, `query_bias`. It holds no `/`, names of nodes may.
    package let name: String

    package init(node: String, name: String) {
        self.node = node
        self.name = name
    }
}

extension ParameterID: LosslessStringConvertible {
    /// The parameter of a text `<node>/<parameter>`; `nil` where a text has no such parts.
    package init?(_ description: String) {
        guard let slash = description.lastIndex(of: "/") else { return nil }
        self.init(
            node: String(description[..<slash]), name: String(description[description.index(after: slash)...]))
    }

    package var description: String { "\(node)/\(name)" }
}

/// Sorted as their texts are: files list tensors in this order.
extension ParameterID: Comparable {
    package static func < (left: ParameterID, right: ParameterID) -> Bool { left.description < right.description }
}

extension ParameterID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = ParameterID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text)\" names no parameter: write <node>/<parameter>")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
