import ModelGraph
import Runtime

/// Which rows of an attention node's maps count, and which keys each of them sees.
///
/// A query counts when no mask hides it and it sees at least two keys: with one key every map is the same.
struct QueryRows: Sendable {
    private let node: String
    private let mask: Attention.Mask
    /// Values that hide queries.
    private let masks: [String]
    let isCross: Bool
    /// Whether values of the graph hide keys.
    let hidesKeys: Bool

    init?(_ graph: CheckedGraph, node name: String) {
        guard let node = graph.node(named: name), let attention = node.attention else { return nil }
        self.node = name
        mask = attention.mask
        isCross = attention.isCross
        var inputs = node.inputs.dropFirst(attention.streamCount)
        var masks: [String] = []
        if attention.masking?.queries == true, let input = inputs.popFirst() { masks.append(input) }
        // In self-attention a hidden key is a hidden query too.
        if attention.masking?.keys == true, let input = inputs.popFirst(), !isCross { masks.append(input) }
        self.masks = masks
        hidesKeys = attention.masking.map { $0.keys || $0.pairs } ?? false
    }

    /// Values that must be observed.
    var values: Set<String> { Set(masks) }

    /// Static patterns that mean something among the node's maps.
    ///
    /// Queries and keys of cross-attention lie along different axes: none of its keys stands beside a query. Where
    /// values of the graph hide keys, only a query's own key is known to be visible.
    var patterns: [StaticPattern] {
        if hidesKeys { return isCross ? [] : [.identity] }
        return isCross ? [.first, .mean] : StaticPattern.allCases
    }

    /// Keys that a query sees by the node's own mask.
    func keys(of query: Int, count: Int) -> Range<Int> {
        guard !isCross else { return 0..<count }
        let end = min(mask.isCausal ? query + 1 : query + min(mask.window ?? count, count), count)
        let begin = mask.window.map { max(0, query + 1 - $0) } ?? 0
        return min(begin, end)..<end
    }

    /// Query rows of a sequence that count, every `step`-th from `offset` on.
    func counted(
        in group: GroupResult, _ sequence: GroupResult.Sequence, keys: Int, step: Int = 1, offset: Int = 0
    ) -> [Int] {
        visible(in: group, sequence, rows: stride(from: offset, to: sequence.visible, by: step)).filter {
            self.keys(of: $0, count: keys).count > 1
        }
    }

    /// Rows of a sequence along the queries that no mask hides.
    func visible(
        in group: GroupResult, _ sequence: GroupResult.Sequence, rows: some Sequence<Int>
    ) -> [Int] {
        let hiding = masks.compactMap { name in
            group.value(name).map { ($0, group.sequence(sequence, alongRowsOf: name).rows.lowerBound) }
        }
        guard !hiding.isEmpty else { return Array(rows) }
        return rows.filter { row in hiding.allSatisfy { view, start in view.row(start + row)[0] != 0 } }
    }
}
