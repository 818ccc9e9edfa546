import ModelGraph

/// How plans are written for people, on the terminal, in tables and in drawings: `H0 ← L3H1 + mean`, head 0 reads the
/// map of head 1 of layer 3 and adds the even map.
package struct PlanNotation: Sendable {
    /// The legend under every plan.
    package static let legend = """
        H0 ← L3H1: head 0 reads the map of layer 3's head 1; several maps are summed,
        the heaviest first.
        """

    private let rows: [String: Int]

    package init(_ layers: [ReusePlan.Layer]) {
        rows = Dictionary(layers.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Place of a layer among the attention layers; `nil` for one that the plan does not know.
    func row(of node: String) -> Int? { rows[node] }

    /// A map in short: `L3H1`, or the name of a pattern.
    package func name(of map: MapReference) -> String {
        switch map {
        case .head(let id): rows[id.node].map { "L\($0)H\(id.head)" } ?? "\(id)"
        case .pattern(let pattern): Self.name(of: pattern)
        }
    }

    /// A pattern in a word: each token looks at itself, at the one before, at all alike.
    static func name(of pattern: StaticPattern) -> String {
        pattern.rawValue == "identity" ? "self" : pattern.rawValue
    }

    /// What stands in for a head: `H0 ← L3H1 + mean`, `H2 dropped`; `nil` for one that computes its map.
    package func text(of head: Int, _ source: HeadSource) -> String? {
        switch source {
        case .computed: nil
        case .hard: "H\(head) one key"
        case .dropped: "H\(head) dropped"
        case .borrowed(let terms): "H\(head) ← " + Self.ranked(terms).map { name(of: $0.map) }.joined(separator: " + ")
        }
    }

    /// Terms, the heaviest first.
    static func ranked(_ terms: [MapTerm]) -> [MapTerm] { terms.sorted { abs($0.weight) > abs($1.weight) } }
}

/// A plan as a table: one row a layer.
package enum PlanTable {
    /// Columns of a terminal that nobody has widened.
    package static let width = 80

    /// The table, its last column broken into lines so that no line is longer than `width`.
    ///
    /// - Parameter width: Columns; `nil`: unlimited.
    package static func table(of plan: ReusePlan, width: Int? = width) -> TextTable {
        let notation = PlanNotation(plan.layers)
        let names = LayerNames(plan.layers.map(\.node)).brief
        var table = TextTable(
            [.init("layer", .left), .init("computed"), .init("sources of the other heads", .words)],
            caption: "The plan, layer by layer")
        let computed = plan.layers.map { layer in
            let isLinear = plan.linear.contains { $0.node == layer.node }
            return "\(isLinear ? 0 : layer.heads.count { $0.source.isComputed }) of \(layer.heads.count)"
        }
        let taken = 4 + max(5, names.map(\.count).max() ?? 0) + max(8, computed.map(\.count).max() ?? 0)
        for (row, layer) in plan.layers.enumerated() {
            let isLinear = plan.linear.contains { $0.node == layer.node }
            let sources =
                isLinear ? ["one matrix"] : layer.heads.enumerated().compactMap { notation.text(of: $0, $1.source) }
            let lines = Self.lines(sources, width: width.map { max(24, $0 - taken) })
            table.append([names[row], computed[row], lines.first ?? ""])
            for line in lines.dropFirst() { table.append(["", "", line]) }
        }
        return table
    }

    /// What is left of feed-forward parts, one row a part.
    package static func neurons(of plan: ReusePlan) -> TextTable {
        var table = TextTable(
            [.init("feed-forward part", .left), .init("neurons kept"), .init("expected damage")],
            caption: "Neurons that the plan keeps")
        for part in plan.neurons {
            table.append([
                part.node, "\(part.kept.count) of \(part.width)",
                part.damage.map { Format.significant($0, 2) } ?? "",
            ])
        }
        return table
    }

    /// How wide queries and keys are left, one row an attention layer.
    package static func ranks(of plan: ReusePlan) -> TextTable {
        var table = TextTable(
            [.init("layer", .left), .init("columns of a query"), .init("expected damage")],
            caption: "Queries and keys that the plan makes narrower")
        // A plan lists the layers that change; they are called what they are called among all.
        let nodes = plan.layers.map(\.node), names = LayerNames(nodes).brief
        for entry in plan.ranks {
            let name = nodes.firstIndex(of: entry.node).map { names[$0] } ?? entry.node
            table.append([
                name, "\(entry.rank) of \(entry.size)", entry.damage.map { Format.significant($0, 2) } ?? "",
            ])
        }
        return table
    }

    /// Tokens that are merged, one row an attention layer.
    package static func tokens(of plan: ReusePlan) -> TextTable {
        var table = TextTable(
            [.init("behind attention", .left), .init("tokens merged"), .init("expected damage of all")],
            caption: "Tokens that the plan merges")
        let names = LayerNames(plan.tokens.map(\.node)).brief
        for (name, entry) in zip(names, plan.tokens) {
            let amount =
                switch entry.amount {
                case .share(let share): "\((share * 100).rounded(1)) %"
                case .count(let count): "\(count)"
                }
            table.append([name, amount, entry.damage.map { Format.significant($0, 2) } ?? ""])
        }
        return table
    }

    /// Entries one after the other in lines; one that is longer than a line is broken before a sign.
    private static func lines(_ entries: [String], width: Int?) -> [String] {
        guard let width else { return entries.isEmpty ? [] : [entries.joined(separator: "; ")] }
        var lines: [String] = [], line = ""
        for (index, entry) in entries.enumerated() {
            let ended = entry + (index == entries.count - 1 ? "" : ";")
            for (part, piece) in pieces(of: ended, width: width).enumerated() {
                if line.isEmpty {
                    line = piece
                } else if part == 0, line.count + 1 + piece.count <= width {
                    line += " " + piece
                } else {
                    lines.append(line)
                    line = piece
                }
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    private static func pieces(of entry: String, width: Int) -> [String] {
        guard entry.count > width else { return [entry] }
        var pieces: [String] = [], piece = ""
        for (index, term) in entry.split(separator: " + ").enumerated() {
            let added = index == 0 ? String(term) : "+ " + term
            if piece.isEmpty {
                piece = added
            } else if piece.count + 1 + added.count <= width {
                piece += " " + added
            } else {
                pieces.append(piece)
                piece = "  " + added
            }
        }
        return pieces + [piece]
    }
}
