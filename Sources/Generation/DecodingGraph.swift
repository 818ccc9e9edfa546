import ModelGraph
import Runtime

/// A language model's graph for decoding token by token: the head reads the last row of each sequence only.
struct DecodingGraph {
    /// Logits of each sequence's last token, `[sequences, vocabulary]`.
    let logits: String
    /// The input whose ids are appended.
    let input: String
    /// The axis that grows.
    let rows: RowSpace
    /// Most rows of a sequence; `nil`: any number.
    let maximumRows: Int?
    /// Numbers of tokens that are known.
    let vocabulary: Int
    /// Number of logits.
    let width: Int
    let graph: CheckedGraph

    private static let lastRow = "decoding/last_row"

    /// - Throws: Why the graph cannot go on token by token: it looks ahead, or pools, or has no logits for each token.
    init(_ graph: CheckedGraph) throws(RuntimeError) {
        let shapes = graph.shapes
        guard let logits = graph.value(ofOutput: "logits"), let shape = shapes[logits], shape.rows.isPlainAxis else {
            throw .notIncremental("it gives no logits for each token")
        }
        let growing = shape.rows
        var needed: Set<String> = [logits]
        for node in graph.nodes.reversed() where needed.contains(node.name) {
            needed.formUnion(node.inputs)
            for term in node.attention?.heads.flatMap(\.terms) ?? [] {
                if case .head(let id) = term.map { needed.insert(id.node) }
            }
        }
        let nodes = graph.nodes.filter { needed.contains($0.name) }
        var input: String?
        var limits: [Int] = []
        var vocabularies: [Int] = []
        for node in nodes {
            let isGrowing = shapes[node.name]?.rows == growing
            if !isGrowing, node.inputs.contains(where: { shapes[$0]?.rows == growing }) {
                throw .notIncremental("\(node.name) looks at all tokens at once")
            }
            guard isGrowing else { continue }
            if let reason = node.obstacle { throw .notIncremental("\(node.name) \(reason)") }
            switch node.operation {
            case .embedding(let embedding):
                guard let name = node.inputs.first, input == nil || input == name else {
                    throw .notIncremental("tokens come from several inputs")
                }
                input = name
                vocabularies.append(embedding.vocabulary)
                if let positions = embedding.positions { limits.append(positions.count - positions.offset) }
            case .table(let table): limits.append(table.count - table.offset)
            default: break
            }
        }
        guard let input, let vocabulary = vocabularies.min() else { throw .notIncremental("it reads no tokens") }
        self.input = input
        self.vocabulary = vocabulary
        self.logits = logits
        rows = growing
        maximumRows = limits.min()
        width = shape.width
        let decoding = try Self.readingLastRow(graph.graph, logits: logits)
        do { self.graph = try decoding.checked() } catch { throw .invalidModel(error) }
    }

    /// The graph with a cut to the last row before the head: everything behind the last node that sees several rows or
    /// inputs.
    private static func readingLastRow(_ graph: Graph, logits: String) throws(RuntimeError) -> Graph {
        var result = graph
        guard var index = graph.nodes.firstIndex(where: { $0.name == logits }) else { throw .unknownValue(logits) }
        guard graph.nodes[index].isRowByRow else { throw .notIncremental("\(logits) is no head") }
        while let before = graph.nodes.firstIndex(where: { $0.name == graph.nodes[index].inputs[0] }),
            graph.nodes[before].isRowByRow,
            graph.nodes.count(where: { $0.inputs.contains(graph.nodes[before].name) }) == 1
        {
            index = before
        }
        let source = graph.nodes[index].inputs[0]
        result.nodes[index].inputs[0] = lastRow
        result.nodes.insert(
            Node(
                name: lastRow, operation: .slice(Slice(axis: .rows, start: -1, count: 1, isSqueezed: true)),
                inputs: [source]), at: index)
        // Only the logits are asked for; other outputs may not even have the shape that they had.
        result.outputs = graph.outputs.filter { $0.value == logits }
        result.hiddenStates = []
        result.encoderHiddenStates = []
        return result
    }
}

extension RowSpace {
    /// Whether its rows are tokens, or those of an axis as they are given.
    fileprivate var isPlainAxis: Bool {
        switch self {
        case .tokens: true
        case .axis(let axis): axis.steps.isEmpty
        case .sequences, .count: false
        }
    }
}

extension Node {
    /// Whether a row of the result depends on one row of one input.
    fileprivate var isRowByRow: Bool {
        switch operation {
        case .norm, .linear, .activation, .affine, .softmax: inputs.count == 1
        default: false
        }
    }

    /// Why later tokens would change the node's earlier rows, or could not be appended; `nil` when they can.
    fileprivate var obstacle: String? {
        switch operation {
        case .embedding, .norm, .linear, .activation, .add, .gate, .multiply, .affine, .round, .softmax,
            .minimum, .maximum, .elementwise:
            return nil
        case .distribution(let distribution):
            return distribution.along == .width ? nil : "shares out over several tokens at once"
        case .concatenate(let along): return along == .width ? nil : "puts rows of several values together"
        case .slice(let slice): return slice.axis == .width ? nil : "cuts rows"
        case .table(let table): return table.isAlongInput ? nil : "has rows of its own"
        case .attention(let attention):
            if attention.masking != nil { return "has masks that are values" }
            if attention.comparison != nil { return "compares by other means than products" }
            if attention.isCross { return nil }
            guard attention.mask.isCausal else { return "looks at later tokens" }
            if case .disentangled = attention.positions { return "has disentangled positions" }
            if case .rotary(let rotary) = attention.positions, rotary.unchangedLength != nil {
                return "turns queries and keys by angles that depend on the length"
            }
            return nil
        case .maps: return "reads maps"
        case .pooling, .convolution, .rearrange, .mask, .tokenMask, .recurrent, .localPooling, .respacing,
            .matrixProduct, .matching, .merge, .exit:
            return "looks at several tokens at once"
        }
    }
}
