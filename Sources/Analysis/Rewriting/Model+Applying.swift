import ModelGraph
import Tensors

extension Model {
    /// The model that a plan describes: sources set, chains resolved, parameters without use cut away.
    ///
    /// Query and key columns of heads that no longer compute disappear, and so do values and output rows of dropped
    /// heads. A map borrowed alone with a weight other than 1 becomes plain reuse: its weight moves into the head's
    /// rows of the output projection. Nothing is repaired here.
    ///
    /// - Throws: Every way in which the plan breaks a rule, or a head that the plan wants computed and the model no
    ///   longer can.
    public func applying(_ plan: ReusePlan) throws(AnalysisError) -> Model {
        // Cutting trusts the shapes.
        do { try validate() } catch { throw .graph(error) }
        var result = self
        do { result.graph = try graph.applying(plan) } catch { throw .graph(error) }
        for (index, node) in graph.nodes.enumerated() {
            guard let before = node.attention, var after = result.graph.nodes[index].attention else { continue }
            let factors = after.foldSingleTerms()
            result.graph.nodes[index].operation = .attention(after)
            try result.cut(node, from: before, to: after, outputFactors: factors)
        }
        result.plan = plan.recording(result.graph)
        do { try result.validate() } catch { throw .graph(error) }
        return result
    }

    /// Cuts the parameters of one attention node to what its heads still need.
    private mutating func cut(
        _ node: Node, from before: Attention, to after: Attention, outputFactors: [Int: Float]
    ) throws(AnalysisError) {
        guard before.heads != after.heads || !outputFactors.isEmpty else { return }
        if let lost = after.computedHeads.first(where: { !before.heads[$0].isComputed }) {
            throw .graph(
                GraphError(
                    .plan, HeadID(node: node.name, head: lost).description, "the model no longer computes this head"))
        }
        if let lost = after.keptHeads.first(where: { before.heads[$0].isDropped }) {
            throw .graph(
                GraphError(.plan, HeadID(node: node.name, head: lost).description, "the model has dropped this head"))
        }
        if let tie = node.ties.first {
            throw .tensor(path: "\(node.name)/\(tie.key)", reason: "is tied and cannot be cut")
        }
        try selectColumns(
            node, "query", wanted: after.computedHeads, among: before.computedHeads, width: before.headSize,
            before.biases.query)
        try selectColumns(
            node, "key", wanted: after.keyGroups, among: before.keyGroups, width: before.headSize, before.biases.key)
        try selectColumns(
            node, "value", wanted: after.valueGroups, among: before.valueGroups, width: before.valueSize,
            before.biases.value)
        let path = "\(node.name)/output_weight"
        guard let output = tensors[path] else {
            if before.keptHeads.isEmpty { return }
            throw .tensor(path: path, reason: "is missing")
        }
        let rows = after.keptHeads.compactMap { head in
            before.keptHeads.firstIndex(of: head).map { (slot: $0, factor: outputFactors[head] ?? 1) }
        }
        guard !rows.isEmpty else {
            tensors[path] = nil
            return
        }
        let isWhole = rows.map(\.slot) == Array(before.keptHeads.indices), isPlain = rows.allSatisfy { $0.factor == 1 }
        if isWhole, isPlain { return }
        let cut =
            isPlain
            ? output.selectingRows(blocks: rows.map(\.slot), height: before.valueSize)
            : output.scalingRows(blocks: rows.map { ($0.slot, $0.factor) }, height: before.valueSize)
        guard let cut else { throw .tensor(path: path, reason: "has shape \(output.shape) and cannot be cut") }
        tensors[path] = cut
    }

    /// Keeps the columns of `wanted` heads or groups in a projection and its bias.
    private mutating func selectColumns(
        _ node: Node, _ name: String, wanted: [Int], among present: [Int], width: Int, _ hasBias: Bool
    ) throws(AnalysisError) {
        guard wanted != present else { return }
        let slots = wanted.compactMap { present.firstIndex(of: $0) }
        for parameter in ["\(name)_weight"] + (hasBias ? ["\(name)_bias"] : []) {
            let path = "\(node.name)/\(parameter)"
            guard let tensor = tensors[path] else { throw .tensor(path: path, reason: "is missing") }
            guard !slots.isEmpty else {
                tensors[path] = nil
                continue
            }
            guard let cut = tensor.selectingColumns(blocks: slots, width: width) else {
                throw .tensor(path: path, reason: "has shape \(tensor.shape) and cannot be cut")
            }
            tensors[path] = cut
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
    fileprivate func recording(_ graph: Graph) -> ReusePlan {
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
