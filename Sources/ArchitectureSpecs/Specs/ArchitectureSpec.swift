/// A family of models as data: how to recognise it, its dimensions, its graph, and where its tensors live.
///
/// The JSON form is described by `schemas/architecture.schema.json` and `docs/architecture-specs.md`.
package struct ArchitectureSpec: Sendable, Hashable, Codable {
    /// One name, or several to be tried in order.
    package struct Names: Sendable, Hashable {
        package var list: [String]
    }

    /// A remark for or against the family.
    package struct Evidence: Sendable, Hashable, Codable {
        /// A key of the configuration whose value, or one of whose values, is compared with `matches`.
        package var key: String?
        /// Patterns with `*`.
        package var matches: Names?
        /// A tensor, by the dialects' common names, that must be there.
        package var tensor: String?
        /// A parameter, `<node>/<parameter>`, that must be there by its dialect's name; of repeated ones the first.
        package var parameter: String?
        /// Added when the remark applies.
        package var score: Int
        /// Added when the key or tensor says something else. A key that is not there says nothing.
        package var otherwise: Int?
    }

    /// What a user meets around the graph.
    package struct Traits: Sendable, Hashable, Codable {
        /// Longest sequence that the model takes.
        package var maximumTokens: Expression?
        /// Configuration key, by vocabulary, of an object from class index to label.
        package var labels: [String: String]?
        /// When labels mean something.
        package var labelsWhen: Condition?
    }

    /// A setting that every spec has: the configuration's vocabulary, `hf` or `kerashub`.
    static let writerName = "writer"
    /// Another one: the dialect of the tensors, `safetensors`.
    static let dialectName = "dialect"

    package var name: String
    package var title: String
    /// Why models of the family are recognised and refused; `nil`: they are handled.
    package var unsupported: String?
    package var recognise: [Evidence]
    package var config: [Setting]
    /// Keys of configurations that change no output of the family's models, beside those of all families
    /// (`CommonKeys`).
    package var harmless: [Harmless]?
    package var graph: GraphTemplate
    /// By dialect.
    package var tensors: [String: TensorTable]
    package var traits: Traits?
}

extension ArchitectureSpec.Names: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let name = try? container.decode(String.self) {
            list = [name]
        } else {
            list = try container.decode([String].self)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if list.count == 1 { try container.encode(list[0]) } else { try container.encode(list) }
    }
}
