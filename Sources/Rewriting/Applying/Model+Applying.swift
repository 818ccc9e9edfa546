import ModelGraph
import Plans
import Tensors

extension Model {
    /// The model that a plan describes: sources set, chains resolved, parameters without use cut away.
    ///
    /// Query and key columns of heads that no longer compute disappear, and so do values and output rows of dropped
    /// heads, and rows and columns of neurons that are left out; queries and keys become as narrow as they shall. A map
    /// borrowed alone with a weight other than 1 becomes plain reuse: its weight moves into the head's rows of the
    /// output projection. Nothing is repaired here.
    ///
    /// - Throws: Every way in which the plan breaks a rule, or a head that the plan wants computed and the model no
    ///   longer can.
    package func applying(_ plan: ReusePlan) throws(AnalysisError) -> Model {
        // Cutting trusts the shapes.
        do { try validate() } catch { throw .graph(error) }
        var result = self
        var changed: Graph
        do {
            changed = try graph.applying(plan.ofWeights).graph
            // Everything is said of the whole plan, before anything is cut.
            if !plan.tokens.isEmpty { _ = try graph.applying(plan) }
        } catch {
            throw .graph(error)
        }
        let shared = changed.sharedAttentionParameters
        for (index, node) in graph.nodes.enumerated() {
            guard let before = node.attention, var after = changed.nodes[index].attention else { continue }
            // Rows of an output projection that other nodes read too must stay as they are.
            let hasOwnOutput =
                changed.nodes[index].ties["output_weight"] == nil
                && !shared.contains(node.parameterID("output_weight"))
            let factors = hasOwnOutput ? after.foldSingleTerms() : [:]
            changed.nodes[index].operation = .attention(after)
            try result.cut(changed.nodes[index], of: self, from: before, to: after, outputFactors: factors)
        }
        try result.cutRanks(plan.ranks, of: self, to: changed)
        try result.setLinear(plan.linear, of: self)
        try result.cutNeurons(plan.neurons, of: self)
        do {
            result.graph = try changed.checked()
            try result.validate()
        } catch {
            throw .graph(error)
        }
        result.plan = plan.recording(result.graph)
        // Exits are fitted to what the model is in the end.
        result.plan?.exits = []
        return try result.mergingTokens(plan.tokens)
    }

    /// Cuts the parameters of one attention node to what its heads still need.
    mutating func cut(
        _ node: Node, of source: Model, from before: Attention, to after: Attention, outputFactors: [Int: Float] = [:]
    ) throws(AnalysisError) {
        guard let old = source.graph.node(named: node.name) else { return }
        guard before.heads != after.heads || old.ties != node.ties || !outputFactors.isEmpty else { return }
        if let lost = after.computedHeads.first(where: { !before.heads[$0].isComputed }) {
            throw .graph(
                GraphError(
                    .plan, HeadID(node: node.name, head: lost).description, "the model no longer computes this head"))
        }
        if let lost = after.keptHeads.first(where: { before.heads[$0].isDropped }) {
            throw .graph(
                GraphError(.plan, HeadID(node: node.name, head: lost).description, "the model has dropped this head"))
        }
        for parameter in old.ownParameters { tensors[node.parameterID(parameter.name)] = nil }
        for parameter in node.ownParameters {
            let id = node.parameterID(parameter.name)
            guard let tensor = source.tensor(of: old, parameter.name) else {
                throw .tensor(id, reason: "is missing")
            }
            guard let wanted = after.blocks(of: parameter.name), let present = before.blocks(of: parameter.name) else {
                tensors[id] = tensor
                continue
            }
            let slots = wanted.compactMap { present.firstIndex(of: $0) }
            let factors = parameter.name == "output_weight" ? wanted.map { outputFactors[$0] ?? 1 } : []
            let isPlain = factors.allSatisfy { $0 == 1 }
            if isPlain, slots == Array(present.indices) {
                tensors[id] = tensor
                continue
            }
            let cut =
                if parameter.name != "output_weight" {
                    tensor.selectingColumns(
                        blocks: slots, width: (tensor.shape.extents.last ?? 0) / max(present.count, 1))
                } else if isPlain {
                    tensor.selectingRows(blocks: slots, height: before.valueSize)
                } else {
                    tensor.scalingRows(
                        blocks: zip(slots, factors).map { ($0, $1) }, height: before.valueSize)
                }
            guard let cut else { throw .tensor(id, reason: "has shape \(tensor.shape) and cannot be cut") }
            tensors[id] = cut
        }
    }
}

extension Attention {
    /// Turns single terms of any weight into single terms of weight 1.
    ///
    /// - Returns: What each changed head's output rows must be multiplied by.
    fileprivate mutating func foldSingleTerms() -> [Int: Float] {
        var factors: [Int: Float] = [:]
        for head in heads.indices {
            guard case .borrowed(let terms) = heads[head], terms.count == 1, terms[0].weight != 1 else { continue }
            factors[head] = terms[0].weight
            heads[head] = .borrowed([MapTerm(map: terms[0].map)])
        }
        return factors
    }
}

extension ReusePlan {
    /// The plan with the sources that a graph really has, reasons kept.
    fileprivate func recording(_ graph: CheckedGraph) -> ReusePlan {
        var result = self
        for (index, layer) in layers.enumerated() {
            guard let attention = graph.node(named: layer.node)?.attention else { continue }
            for head in layer.heads.indices where attention.heads.indices.contains(head) {
                result.layers[index].heads[head].source = attention.heads[head]
            }
        }
        return result
    }
}
