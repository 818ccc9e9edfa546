import Costs
import ModelGraph
import Plans
import Rewriting

/// Tokens that are merged behind all attention nodes alike: one ladder, whose rungs are shares.
struct TokenMove: Move {
    static let words: Moves = .tokens

    private let nodes: [String]
    private let damages: [Double]
    /// Shares that save more than all smaller ones: of few rows a small share is none, and looking for it is not free.
    private let shares: [Int]

    /// - Parameter kept: Attention nodes behind which nothing is merged.
    init(_ analysis: AnalysisDocument, _ graph: CheckedGraph, keeping kept: Set<String>) {
        let nodes = (analysis.tokens?.nodes ?? []).filter { !kept.contains($0) }
        let damages = analysis.tokens?.damages ?? []
        let tokens = graph.usualTokens
        var least = graph.cost(tokens: tokens).multiplyAdds
        shares = damages.indices.dropFirst().filter { share in
            guard let merged = try? graph.mergingTokens(TokenCurve.section(nodes, share: share)) else { return false }
            let left = merged.cost(tokens: tokens).multiplyAdds
            defer { least = min(least, left) }
            return left < least
        }
        self.nodes = nodes
        self.damages = damages
    }

    func ladders() -> [Ladder] {
        guard let first = nodes.first else { return [] }
        return [
            Ladder(rungs: shares.map { Rung(node: first, indices: [$0], damage: damages[$0]) })
        ]
    }

    func write(_ taken: [Rung], to plan: inout ReusePlan) {
        guard let last = taken.max(by: { ($0.indices.first ?? 0) < ($1.indices.first ?? 0) }),
            let share = last.indices.first
        else { return }
        plan.tokens = TokenCurve.section(nodes, share: share, damage: last.damage.rounded(8))
    }
}

extension Planner {
    /// Refuses merges of tokens that the analysis does not know, or beside maps that heads share: a map of more tokens
    /// says nothing about fewer.
    static func checkTokens(
        _ analysis: inout AnalysisDocument, _ allowed: Moves, _ graph: CheckedGraph
    ) throws(AnalysisError) {
        guard allowed.contains(.tokens) else {
            analysis.tokens = nil
            return
        }
        if let problem = graph.problemOfMerging { throw .mismatch("no tokens can be merged: \(problem)") }
        guard allowed.isDisjoint(with: HeadMove.words) else {
            throw .mismatch(
                "maps are not reused across a merge of tokens: allow tokens alone or with neurons, or leave them out "
                    + "of --allow")
        }
        guard let curve = analysis.tokens else {
            throw .mismatch("the analysis has measured no merges of tokens: analyse again with --allow tokens")
        }
        let known = Set(graph.attentionNodes.map(\.name))
        if let other = curve.nodes.first(where: { !known.contains($0) }) {
            throw .mismatch("the analysis is of another model: it merges tokens behind \(other)")
        }
    }
}
