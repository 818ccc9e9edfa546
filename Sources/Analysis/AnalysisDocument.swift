import ModelGraph
import Rewriting

/// Everything an analysis found out: enough to make plans for any budget without the model.
package struct AnalysisDocument: Sendable, Hashable, Codable {
    /// What the analysis looked at.
    package struct Calibration: Sendable, Hashable, Codable {
        /// Texts that were looked at.
        package var texts: Int
        /// Texts that chose, among `texts`.
        package var heldOutTexts: Int
        /// Texts that were kept back for judging, beside `texts`; 0 where other data will judge, `nil` in documents of
        /// earlier releases, which kept none back.
        package var judgingTexts: Int?
        /// Visible tokens.
        package var tokens: Int
        /// SHA-256 of the token ids.
        package var digest: String
        /// Every n-th query row was compared.
        package var rowStep: Int
        /// How embeddings are made that damage was measured in, where the user said it; `nil`: as the files say.
        package var pooling: Pooling?
    }

    /// Version of the document.
    package static let currentVersion = 1

    /// Version of the document.
    package var version: Int
    /// SHA-256 of the source model's weights.
    package var model: String
    /// What the model is used for: decides what damage means.
    package var use: ModelUse
    /// The source model's graph, so that plans can be made and weighed without the model.
    package var graph: CheckedGraph
    /// What the analysis looked at.
    package var calibration: Calibration
    /// Profiles of the computed heads, in execution order.
    package var heads: [HeadProfile]
    /// Similarity of each head (row) to every head before it (columns, in the order of `heads`), 0…1; 0 where the maps
    /// are of different kinds. Row i has i numbers.
    package var similarity: [[Double]]
    /// Correlation between the similarities of two halves of the texts.
    package var stability: Double?
    /// What may stand in for each head.
    package var candidates: [HeadCandidates]
    /// End-to-end damage of each attention node.
    package var curves: [DamageCurve]
    /// What leaving out neurons does, feed-forward part by part; `nil` where it was not measured.
    package var neurons: [NeuronCurve]?
    /// What a matrix in the place of an attention node does; `nil` where it was not measured.
    package var linear: [LinearDamage]?
    /// What narrower queries and keys do, attention node by attention node; `nil` where it was not measured.
    package var ranks: [RankCurve]?
    /// What it does when heads look at one key only, attention node by attention node; `nil`: it was not measured.
    package var hard: [DamageCurve]?
    /// What merging tokens does; `nil` where it was not measured.
    package var tokens: TokenCurve?

    /// Similarity of two heads' maps; `nil` when one is unknown or both are the same.
    package func similarity(of left: HeadID, to right: HeadID) -> Double? {
        guard let a = heads.firstIndex(where: { $0.id == left }), let b = heads.firstIndex(where: { $0.id == right }),
            a != b
        else { return nil }
        return similarity[max(a, b)][min(a, b)]
    }

    /// Checks what a reader relies on: rows of the triangle, heads that exist, points that ascend.
    package func validate() throws(AnalysisError) {
        guard version == Self.currentVersion else {
            throw .mismatch(
                "the analysis has version \(version), this tool reads \(Self.currentVersion): analyse again")
        }
        let known = Set(heads.map(\.id))
        guard similarity.count == heads.count, similarity.enumerated().allSatisfy({ $0.element.count == $0.offset })
        else {
            throw .mismatch("the analysis is damaged: similarity is not a triangle of \(heads.count) rows")
        }
        for candidate in candidates where !known.contains(candidate.id) {
            throw .mismatch("the analysis is damaged: candidates of unknown head \(candidate.id)")
        }
        for curve in curves + (hard ?? []) {
            guard curve.local.count == curve.order.count, Set(curve.order).count == curve.order.count,
                curve.order.allSatisfy({ known.contains(HeadID(node: curve.node, head: $0)) }),
                zip(curve.points, curve.points.dropFirst()).allSatisfy({ $0.heads < $1.heads }),
                curve.points.allSatisfy({ $0.heads > 0 && $0.heads <= curve.order.count })
            else { throw .mismatch("the analysis is damaged: the curve of \(curve.node)") }
        }
        for curve in neurons ?? [] where !curve.isSound {
            throw .mismatch("the analysis is damaged: the neurons of \(curve.node)")
        }
        for curve in ranks ?? [] where !curve.isSound {
            throw .mismatch("the analysis is damaged: the ranks of \(curve.node)")
        }
        // A place that is there twice would be spared twice.
        for nodes in [curves.map(\.node), (hard ?? []).map(\.node), (neurons ?? []).map(\.node)]
            + [(ranks ?? []).map(\.node), (linear ?? []).map(\.node)]
        {
            var seen: Set<String> = []
            if let node = nodes.first(where: { !seen.insert($0).inserted }) {
                throw .mismatch("the analysis is damaged: \(node) stands there twice")
            }
        }
        guard tokens?.isSound ?? true else { throw .mismatch("the analysis is damaged: the merges of tokens") }
    }
}
