extension ArchitectureSpec {
    /// Where one dialect keeps the parameters.
    package struct TensorTable: Sendable, Hashable, Codable {
        /// By node and parameter, as the graph's templates name them.
        package var parameters: [String: [String: TensorRule]]
        /// What may stand before every name, tried in order; `nil`: nothing.
        package var scopes: [String]?
        /// Orientation of the parameters of nodes of a kind (`linear`, `attention` …) whose rule says none.
        package var orientations: [String: TensorRule.Orientation]?
        package var ignored: [Ignored]?
    }

    package struct Ignored: Sendable, Hashable, Codable {
        /// Patterns with `*` over names.
        package var names: Names
        package var reason: String
        package var when: Condition?
    }
}

/// How a stored tensor becomes a parameter `[in, out]`.
package struct TensorRule: Sendable, Hashable {
    package enum Orientation: String, Sendable, Hashable, Codable {
        /// Stored as it is used.
        case identity
        /// A matrix stored `[out, in]`; vectors stay as they are.
        case transpose
        /// The same order of elements, neighbouring axes taken together: `[in, heads, size]` → `[in, heads · size]`.
        case reshape
    }

    /// Some of the equal parts of a fused tensor.
    package struct Part: Sendable, Hashable, Codable {
        /// The first part that is taken.
        package var index: Expression
        /// Number of parts.
        package var of: Expression
        /// How many are taken; left out: one.
        package var count: Expression?
        /// Axis that is cut; negative: from the end.
        package var axis: Int
    }

    /// Names by generation; the first that exists is taken.
    package var names: [NameTemplate]
    /// Further names of the same tensor, which some writers keep beside the others or instead of them: tried last, left
    /// alone where another parameter is read from them. Where several are stored they must be equal. `nil`: none.
    package var copies: [NameTemplate]?
    /// `nil`: the table's for nodes of the kind, or `identity`.
    package var orientation: Orientation?
    /// The stored elements under other extents, before everything else: axes split further; `nil`: as they are stored.
    package var view: [Expression]?
    package var part: Part?
    /// The axes in the order of the parameter's, before orientation; `nil`: as they are.
    package var axes: [Int]?
}

extension TensorRule: Codable {
    private enum Key: String, CodingKey { case names, copies, orientation, view, part, axes }

    package init(from decoder: any Decoder) throws {
        // The short form is the names alone.
        if let container = try? decoder.singleValueContainer() {
            if let name = try? container.decode(NameTemplate.self) {
                self.init(names: [name], orientation: nil)
                return
            }
            if let names = try? container.decode([NameTemplate].self) {
                self.init(names: names, orientation: nil)
                return
            }
        }
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            names: try (try? container.decode([NameTemplate].self, forKey: .names))
                ?? [container.decode(NameTemplate.self, forKey: .names)],
            copies: container.contains(.copies)
                ? try (try? container.decode([NameTemplate].self, forKey: .copies))
                    ?? [container.decode(NameTemplate.self, forKey: .copies)] : nil,
            orientation: try container.decodeIfPresent(Orientation.self, forKey: .orientation),
            view: try container.decodeIfPresent([Expression].self, forKey: .view),
            part: try container.decodeIfPresent(Part.self, forKey: .part),
            axes: try container.decodeIfPresent([Int].self, forKey: .axes))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(names, forKey: .names)
        try container.encodeIfPresent(copies, forKey: .copies)
        try container.encodeIfPresent(orientation, forKey: .orientation)
        try container.encodeIfPresent(view, forKey: .view)
        try container.encodeIfPresent(part, forKey: .part)
        try container.encodeIfPresent(axes, forKey: .axes)
    }
}
