import ModelGraph

/// A graph while its tokens are being merged: everything behind a merge is rewritten for rows that stand for several
/// tokens, or refused.
struct MergedGraph {
    /// Values whose rows are merged, with the attention nodes whose keys decide.
    var places: [String: [(node: String, amount: TokenMatching.Amount)]] = [:]
    /// What a merge cannot be followed by.
    private(set) var problems: [GraphError.Problem] = []
    /// The graph as it becomes.
    private(set) var result: Graph

    private let source: Graph
    /// Names under which later nodes read values that were merged.
    private var renamed: [String: String] = [:]
    /// Sizes of the rows of values behind a merge.
    private var sizes: [String: String] = [:]
    private var firstKept = 0
    private var lastKept = 0

    /// Name of the node that matches tokens by an attention node's keys.
    static func matching(of node: String) -> String { node + "/matching" }

    init(_ graph: Graph) {
        source = graph
        result = graph
        keepSpecialRows()
    }

    /// Special rows: those that tables put before and behind the others, and those that something reads by their place;
    /// a text's first and last token.
    private mutating func keepSpecialRows() {
        if source.readsText { (firstKept, lastKept) = (1, 1) }
        for node in source.nodes {
            switch node.operation {
            case .concatenate(.rows):
                let counts = node.inputs.map { input -> Int? in
                    guard case .table(let table) = source.node(named: input)?.operation, !table.isAlongInput else {
                        return nil
                    }
                    return table.count / (table.sequences ?? 1)
                }
                firstKept = max(firstKept, counts.prefix { $0 != nil }.reduce(0) { $0 + ($1 ?? 0) })
                lastKept = max(lastKept, counts.reversed().prefix { $0 != nil }.reduce(0) { $0 + ($1 ?? 0) })
            case .pooling(.first): firstKept = max(firstKept, 1)
            case .pooling(.last): lastKept = max(lastKept, 1)
            case .slice(let slice) where slice.axis == .rows && slice.start >= 0 && slice.less == 0:
                firstKept = max(firstKept, slice.start + (slice.count ?? 0))
            default: break
            }
        }
    }

    /// Rewrites the graph node by node.
    mutating func rewrite() {
        result.nodes = []
        for node in source.nodes { append(node) }
        // Nothing is left that has a row for each token.
        result.outputs = source.outputs.filter { sizes[$0.value] == nil && renamed[$0.value] == nil }
        result.hiddenStates = []
    }

    private mutating func append(_ node: Node) {
        var node = node
        node.inputs = node.inputs.map { renamed[$0] ?? $0 }
        let own = node.inputs.compactMap { sizes[$0] }
        if let size = own.first, !node.isMatchingOfKeys {
            if Set(own).count > 1 {
                report(node, "puts rows together that were merged in different places")
            } else {
                rewrite(&node, sizes: size)
            }
        }
        result.nodes.append(node)
        for place in places[node.name] ?? [] { merge(node.name, by: place.node, place.amount) }
    }

    /// Merges the rows of a value: from here on everything reads the merged ones.
    private mutating func merge(_ value: String, by node: String, _ amount: TokenMatching.Amount) {
        let matching = Self.matching(of: node), merged = node + "/merged", size = node + "/sizes"
        let before = sizes[value].map { [$0] } ?? []
        result.nodes += [
            Node(
                name: matching,
                operation: .matching(TokenMatching(amount, firstKept: firstKept, lastKept: lastKept)), inputs: [node]),
            Node(name: merged, operation: .merge(.mean), inputs: [value, matching] + before),
            Node(name: size, operation: .merge(.sizes), inputs: [matching] + before),
        ]
        renamed[value] = merged
        sizes[merged] = size
    }

    /// Makes a node that reads merged rows heed their sizes.
    private mutating func rewrite(_ node: inout Node, sizes size: String) {
        switch node.operation {
        case .norm, .linear, .activation, .add, .multiply, .gate, .affine, .softmax, .round, .minimum, .maximum,
            .elementwise, .concatenate(.width):
            sizes[node.name] = size
        case .attention(var attention):
            guard attention.masking == nil, attention.positions == nil, attention.mask == Attention.Mask() else {
                return report(node, "has masks or positions, and merged tokens have no place")
            }
            attention.scores.masking = .init(sizes: true)
            node.operation = .attention(attention)
            node.inputs.append(size)
            sizes[node.name] = size
        case .pooling(let pooling): pool(&node, pooling, size)
        case .slice(let slice): cut(node, slice, size)
        default: report(node, "\(node.operation.kind) looks at rows by their place, and merged tokens have none")
        }
    }

    /// A mean over merged rows is weighted by their sizes: the mean of the products over the mean of the sizes.
    private mutating func pool(_ node: inout Node, _ pooling: Pooling, _ size: String) {
        guard node.inputs.count == 1 else { return report(node, "pools the rows that a mask shows, which were merged") }
        switch pooling {
        case .first, .last, .max: break
        case .mean:
            let weighted = node.name + "/weighted", sum = node.name + "/sum", count = node.name + "/size"
            result.nodes += [
                Node(name: weighted, operation: .multiply, inputs: [node.inputs[0], size]),
                Node(name: sum, operation: .pooling(.mean), inputs: [weighted]),
                Node(name: count, operation: .pooling(.mean), inputs: [size]),
            ]
            node = Node(name: node.name, operation: .elementwise(.divide), inputs: [sum, count])
        case .meanSquareRoot, .weightedMean:
            report(node, "pools rows by their number or their place, which merging changes")
        }
    }

    /// Special rows stay where they are: what takes them, or all but them, takes the same.
    private mutating func cut(_ node: Node, _ slice: Slice, _ size: String) {
        guard slice.axis == .rows else {
            sizes[node.name] = size
            return
        }
        let isOfFirst = slice.count.map { slice.start + $0 <= firstKept } ?? (slice.start <= firstKept)
        guard slice.start >= 0, slice.less == 0, slice.step == 1, isOfFirst else {
            return report(node, "cuts rows by their place, and merged tokens have none")
        }
        guard slice.count == nil else { return }
        let rest = node.name + "/sizes"
        result.nodes.append(Node(name: rest, operation: .slice(slice), inputs: [size]))
        sizes[node.name] = rest
    }

    private mutating func report(_ node: Node, _ message: String) {
        problems.append(.init(kind: .plan, subject: node.name, message: "stands behind a merge of tokens: \(message)"))
    }
}

extension Node {
    /// Whether the node reads an attention node's keys alone.
    fileprivate var isMatchingOfKeys: Bool { if case .matching = operation { true } else { false } }
}
