import ModelGraph

/// One piece of an analysis that is measured on its own: what is found does not depend on the other pieces, to the bit.
package struct AnalysisUnit: Sendable, Hashable, Codable {
    /// What is measured.
    package enum Kind: String, Sendable, Hashable, Codable {
        /// The maps of an attention node: similarity to those before, what may stand in for them, the damage.
        case maps
        /// The neurons of a feed-forward part.
        case neurons
        /// A matrix in the place of an attention node.
        case linear
        /// Narrower queries and keys of an attention node.
        case ranks
        /// Heads of an attention node that look at one key only.
        case hard
        /// Tokens that are merged behind all attention nodes alike.
        case tokens
    }

    /// What is measured.
    package let kind: Kind
    /// The attention node, or the last node of the feed-forward part; `everywhere` for what is of no one place.
    package let node: String

    /// What stands for all places.
    static let everywhere = "*"

    package init(_ kind: Kind, _ node: String) {
        self.kind = kind
        self.node = node
    }
}

extension AnalysisUnit {
    /// The pieces of a model's analysis, in the order in which one process measures them.
    static func units(of model: Model, moves: Moves) -> [AnalysisUnit] {
        var units = model.graph.attentionNodes.map { AnalysisUnit(.maps, $0.name) }
        if moves.contains(.neurons) { units += NeuronPass.parts(of: model).map { AnalysisUnit(.neurons, $0.node) } }
        if moves.contains(.linear) {
            units += LinearPass.branches(of: model.graph).map { AnalysisUnit(.linear, $0.node) }
        }
        if moves.contains(.ranks) { units += RankPass.nodes(of: model.graph).map { AnalysisUnit(.ranks, $0.name) } }
        if moves.contains(.hard) { units += HardPass.branches(of: model.graph).map { AnalysisUnit(.hard, $0.node) } }
        if moves.contains(.tokens), model.graph.problemOfMerging == nil {
            units.append(AnalysisUnit(.tokens, AnalysisUnit.everywhere))
        }
        return units
    }
}
