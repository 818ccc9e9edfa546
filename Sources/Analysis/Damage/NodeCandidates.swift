import COpenBLAS
import Matrices
import ModelGraph
import Rewriting
import Runtime
import Tensors

/// The computed heads of one attention node, with values turned so that plain distances are distances after W_O.
struct NodeCandidates: Sendable {
    struct Head: Sendable {
        let id: HeadID
        let maps: [MapReference]
        /// Columns of its turned values.
        let width: Int
        /// Values from the node's input: `[input, width]`, and their bias.
        let weight: [Float]
        let bias: [Float]
    }

    /// Value that the attention reads keys and values from.
    private let input: String
    let heads: [Head]
    private let rule: QueryRows
    /// Rows that weigh more, where they are this node's.
    private let emphasis: RowEmphasis?

    /// Values that must be observed.
    var observed: Set<String> { rule.values.union([input]) }

    /// Nodes whose maps must be observed.
    var observedMaps: Set<String> {
        heads.reduce(into: []) { nodes, head in
            nodes.insert(head.id.node)
            for case .head(let id) in head.maps { nodes.insert(id.node) }
        }
    }

    init(
        _ model: Model, _ node: Node, pairs: MapPairs, proposed: [[Int]], emphasis: RowEmphasis?
    ) throws(AnalysisError) {
        guard let attention = node.attention, let rule = QueryRows(model.graph, node: node.name),
            let input = node.inputs.dropFirst(attention.streamCount - 1).first
        else {
            throw .mismatch("\(node.name) is not an attention node")
        }
        self.input = input
        self.rule = rule
        self.emphasis = emphasis?.rows == model.graph.shapes[node.name]?.rows ? emphasis : nil
        guard let value = model.tensor(of: node, "value_weight"), let output = model.tensor(of: node, "output_weight")
        else {
            throw .tensor(node.parameterID("value_weight"), reason: "is missing")
        }
        let bias = attention.biases.value ? model.tensor(of: node, "value_bias")?.floats : nil
        let size = attention.valueSize
        var heads: [Head] = []
        for (index, id) in pairs.heads.enumerated() where id.node == node.name {
            guard let slot = attention.keptHeads.firstIndex(of: id.head),
                let group = attention.valueGroups.firstIndex(of: attention.group(of: id.head))
            else { continue }
            let rows = output.block(rows: slot * size..<(slot + 1) * size, columns: 0..<attention.outputWidth)
            let columns = value.block(
                rows: 0..<(attention.memoryWidth ?? attention.inputWidth), columns: group * size..<(group + 1) * size)
            let turn = Self.metric(rows)
            let turnedBias = Matrix(
                rows: 1, columns: size,
                elements: (0..<size).map { column in bias.map { Double($0[group * size + column]) } ?? 0 })
            heads.append(
                Head(
                    id: id,
                    maps: proposed[index].map { .head(pairs.heads[$0]) } + rule.patterns.map { .pattern($0) },
                    width: size, weight: columns.multiplied(by: turn).elements.map(Float.init),
                    bias: turnedBias.multiplied(by: turn).elements.map(Float.init)))
        }
        self.heads = heads
    }

    /// A square matrix T with ‖c · T‖ = ‖c · W‖ for every c.
    private static func metric(_ weight: Matrix) -> Matrix {
        var gram = weight.multiplied(by: weight.transposed)
        // A head with a silent direction has a singular metric; the shift is far below what a context can show.
        let shift = max(1e-9 * gram.trace / Double(max(gram.rows, 1)), .leastNormalMagnitude)
        for index in 0..<gram.rows { gram[index, index] += shift }
        return gram.choleskyFactor() ?? Matrix(zeros: gram.rows, gram.columns)
    }

    /// Sums of one sequence, head by head.
    func sums(of group: GroupResult, _ sequence: GroupResult.Sequence) -> [ContextSums] {
        guard let stream = group.value(input), let first = heads.first, let map = group.map(first.id, of: sequence)
        else {
            return heads.map { ContextSums(candidates: $0.maps.count + 1, width: $0.width) }
        }
        let keys = group.sequence(sequence, alongRowsOf: input).rows.prefix(map.columns)
        let place = group.sequence(sequence, alongQueriesOf: first.id)
        let queries = rule.visible(in: group, place, rows: 0..<place.visible)
        guard !queries.isEmpty, !keys.isEmpty else {
            return heads.map { ContextSums(candidates: $0.maps.count + 1, width: $0.width) }
        }
        return heads.map { head in
            var values = [Float](repeating: 0, count: keys.count * head.width)
            for row in 0..<keys.count {
                for column in 0..<head.width { values[row * head.width + column] = head.bias[column] }
            }
            blas_sgemm(
                BLASRowMajor, BLASNoTranspose, BLASNoTranspose, Int32(keys.count), Int32(head.width),
                Int32(stream.columns),
                1, stream.base + keys.startIndex * stream.stride, Int32(stream.stride), head.weight, Int32(head.width),
                1, &values, Int32(head.width))
            return contexts(of: head, values: values, keys: keys.count, queries: queries, place, group, sequence)
        }
    }

    /// Sums of one head's contexts under its own map and all candidates.
    private func contexts(
        of head: Head, values: [Float], keys: Int, queries: [Int], _ place: GroupResult.Sequence, _ group: GroupResult,
        _ sequence: GroupResult.Sequence
    ) -> ContextSums {
        let maps = [MapReference.head(head.id)] + head.maps
        let rows = place.visible
        var contexts = [Float](repeating: 0, count: maps.count * rows * head.width)
        contexts.withUnsafeMutableBufferPointer { contexts in
            guard let base = contexts.baseAddress else { return }
            for (index, map) in maps.enumerated() {
                let target = base + index * rows * head.width
                switch map {
                case .pattern(let pattern):
                    pattern.apply(to: values, keys: keys, rows: rows, width: head.width, rule, target)
                case .head(let id):
                    guard let view = group.map(id, of: sequence) else { continue }
                    blas_sgemm(
                        BLASRowMajor, BLASNoTranspose, BLASNoTranspose, Int32(rows), Int32(head.width), Int32(keys), 1,
                        view.base, Int32(view.stride), values, Int32(head.width), 0, target, Int32(head.width))
                }
            }
            // Rows that a mask hides are left out: those that count move to the front of each candidate.
            guard queries.count < rows else { return }
            for map in maps.indices {
                for (number, row) in queries.enumerated() {
                    for column in 0..<head.width {
                        base[(map * queries.count + number) * head.width + column] =
                            base[(map * rows + row) * head.width + column]
                    }
                }
            }
        }
        var sums = ContextSums(contexts: contexts, candidates: maps.count, rows: queries.count, width: head.width)
        if let emphasis, let row = emphasis.place(among: queries, of: rows) {
            let read = maps.indices.flatMap { map in
                let start = (map * queries.count + row) * head.width
                return contexts[start..<start + head.width]
            }
            sums.add(
                ContextSums(contexts: read, candidates: maps.count, rows: 1, width: head.width),
                times: Double(emphasis.repeats(of: queries.count)))
        }
        return sums
    }
}

extension StaticPattern {
    /// The product of the pattern with some values, row by row.
    fileprivate func apply(
        to values: [Float], keys: Int, rows: Int, width: Int, _ rule: QueryRows, _ target: UnsafeMutablePointer<Float>
    ) {
        func copy(_ from: Int, _ to: Int) {
            for column in 0..<width { target[to * width + column] = values[from * width + column] }
        }
        var before: (keys: Range<Int>, row: Int)?
        for row in 0..<rows {
            let visible = rule.keys(of: row, count: keys)
            guard let first = visible.first, let last = visible.last else { continue }
            switch self {
            case .identity: copy(row, row)
            case .previous: copy(max(row - 1, first), row)
            case .next: copy(min(row + 1, last), row)
            case .first: copy(first, row)
            case .mean:
                if let before, before.keys == visible {
                    for column in 0..<width { target[row * width + column] = target[before.row * width + column] }
                    continue
                }
                for column in 0..<width {
                    var sum: Float = 0
                    for key in visible { sum += values[key * width + column] }
                    target[row * width + column] = sum / Float(visible.count)
                }
                before = (visible, row)
            }
        }
    }
}
