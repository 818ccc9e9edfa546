import ModelGraph
import Plans
import Rewriting

/// Attention maps that other maps stand in for, and after the last of a node a matrix for the whole node. Which maps
/// stand in is chosen for each plan, among the heads that are left.
struct HeadMove: Move {
    static let words: Moves = .ofHeads

    private let analysis: AnalysisDocument
    private let graph: CheckedGraph
    private let moves: Moves
    private let granularity: Planner.Granularity
    private let kept: Set<String>

    init(
        _ analysis: AnalysisDocument, _ graph: CheckedGraph, moves: Moves, granularity: Planner.Granularity,
        keeping kept: Set<String>
    ) {
        self.analysis = analysis
        self.graph = graph
        self.moves = moves
        self.granularity = granularity
        self.kept = kept
    }

    /// Factor on the damage of the first attention of a stack. Its maps follow the tokens themselves, so its damage on
    /// calibration texts says too little about other texts: four heads of layer 0 of MiniLM raised the mean cosine on
    /// held-out texts by 0.002 and lowered the score of every task it was measured on (docs/analysis.md).
    static let firstLayerCaution = 10.0

    func ladders() -> [Ladder] {
        let open = analysis.curves.filter { !kept.contains($0.node) }
        let read = graph.headsInUse
        switch granularity {
        case .head:
            let firsts = graph.firstAttentionNodes
            return open.map { curve in
                let damages = curve.damages
                let heads = zip(curve.order, damages.dropFirst()).compactMap { (head, damage) -> Rung? in
                    guard !read.contains(HeadID(node: curve.node, head: head)) else { return nil }
                    return Rung(node: curve.node, indices: [head], damage: damage)
                }
                return Ladder(
                    rungs: heads
                        + (read.contains { $0.node == curve.node } ? [] : matrix(after: heads.last, of: curve.node)),
                    caution: firsts.contains(curve.node) ? Self.firstLayerCaution : 1)
            }
        case .layer:
            let whole = open.filter { curve in
                curve.order.count == graph.node(named: curve.node)?.attention?.computedHeads.count
                    && curve.points.last?.heads == curve.order.count && !curve.order.isEmpty
                    && !read.contains { $0.node == curve.node }
            }
            return whole.map { curve in
                Ladder(rungs: [Rung(node: curve.node, indices: curve.order, damage: curve.damages.last ?? 0)])
            }
        }
    }

    /// The last rung of a node's ladder.
    private func matrix(after last: Rung?, of node: String) -> [Rung] {
        guard moves.contains(.linear), let found = analysis.linear?.first(where: { $0.node == node }) else { return [] }
        return [Rung(node: node, indices: [], damage: max(last?.damage ?? 0, found.difference.damage))]
    }

    func write(_ taken: [Rung], to plan: inout ReusePlan) {
        let heads = taken.flatMap { rung in rung.indices.map { HeadID(node: rung.node, head: $0) } }
        let matrices = Set(taken.filter(\.indices.isEmpty).map(\.node))
        var replaced = Set(heads)
        for rung in taken where rung.indices.isEmpty {
            plan.linear.append(.init(node: rung.node, damage: rung.damage.rounded(8)))
            for head in graph.node(named: rung.node)?.attention?.heads.indices ?? 0..<0 {
                let id = HeadID(node: rung.node, head: head)
                replaced.insert(id)
                plan.set(.dropped, of: id)
            }
        }
        plan.linear.sort { ($0.node) < ($1.node) }
        let total = max(analysis.candidates.reduce(0) { $0 + $1.energy }, .leastNormalMagnitude)
        var read: [String: Set<HeadID>] = [:]
        for id in heads where !matrices.contains(id.node) {
            guard let candidates = analysis.candidates.first(where: { $0.id == id }),
                let replacement = candidates.replacement(
                    moves: moves, isRead: { read[id.node]?.contains($0) ?? false },
                    isAvailable: { !replaced.contains($0) })
            else { continue }
            let source = replacement.source
            for case .head(let owner) in source.terms.map(\.map) { read[id.node, default: []].insert(owner) }
            var similarity: Double?
            if let first = source.terms.first, case .head(let other) = first.map {
                similarity = analysis.similarity(of: id, to: other)
            }
            plan.set(source, of: id, similarity: similarity, damage: (replacement.damage / total).rounded(8))
        }
    }
}
