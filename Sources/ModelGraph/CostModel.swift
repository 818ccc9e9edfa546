/// What one execution of a graph costs. The only home of every saving that is printed.
public struct Cost: Sendable, Hashable {
    /// Attention maps computed.
    public var maps: Int
    /// Multiply-adds of one sequence.
    public var multiplyAdds: Int
    /// Numbers stored in the model's own parameters.
    public var parameters: Int
    /// Bytes of the largest set of maps alive at once, for one sequence in float32.
    public var liveMapBytes: Int

    /// Bytes of the parameters in float32, before compression.
    public var parameterBytes: Int { parameters * 4 }
}

extension Graph {
    /// Attention maps computed by one execution.
    public var mapCount: Int {
        attentionNodes.reduce(0) { $0 + ($1.attention?.computedHeads.count ?? 0) }
    }

    /// Cost of one sequence of `tokens` tokens.
    ///
    /// Counted are products with parameters, scores, maps times values, and the summing of blended terms; norms,
    /// activations and lookups are not.
    public func cost(tokens: Int) -> Cost {
        let shapes = (try? inferShapes()) ?? [:]
        var multiplyAdds = 0
        var parameters = 0
        for node in nodes {
            parameters += node.ownParameters.reduce(0) { $0 + $1.shape.count }
            switch node.operation {
            case .linear(let linear):
                let rows = shapes[node.name]?.rows == .sequences ? 1 : tokens
                multiplyAdds += rows * linear.inputWidth * linear.outputWidth
            case .attention(let attention):
                multiplyAdds += attention.multiplyAdds(tokens: tokens)
            case .embedding, .norm, .activation, .add, .gate, .pooling: break
            }
        }
        return Cost(
            maps: mapCount, multiplyAdds: multiplyAdds, parameters: parameters,
            liveMapBytes: liveMaps * tokens * tokens * 4)
    }

    /// The largest number of maps that must be alive at once because a later node reads them.
    package var liveMaps: Int {
        var lastReader: [HeadID: Int] = [:]
        let attentionNodes = attentionNodes
        for (index, node) in attentionNodes.enumerated() {
            for term in node.attention?.heads.flatMap(\.terms) ?? [] {
                if case .head(let id) = term.map { lastReader[id] = index }
            }
        }
        return attentionNodes.indices.map { index in
            let names = Set(attentionNodes[...index].map(\.name))
            return lastReader.count { id, last in last >= index && names.contains(id.node) }
        }.max() ?? 0
    }
}

extension Attention {
    /// Multiply-adds of one sequence whose memory has as many tokens as its queries.
    func multiplyAdds(tokens: Int) -> Int {
        let memory = memoryWidth ?? inputWidth
        let projections =
            computedHeads.count * headSize * inputWidth + keyGroups.count * headSize * memory
            + valueGroups.count * valueSize * memory + keptHeads.count * valueSize * outputWidth
        let visible = mask.visiblePairs(tokens: tokens)
        // A blend of one map at weight 1 is read as it is; every further term is one multiply-add an element.
        let blending = heads.reduce(0) { $0 + ($1.terms.count > 1 || ($1.terms.first?.weight ?? 1) != 1 ? $1.terms.count : 0) }
        return tokens * projections + visible * (computedHeads.count * headSize + keptHeads.count * valueSize + blending)
    }
}

extension Attention.Mask {
    /// Pairs of query and key that the mask leaves visible among `tokens` positions.
    package func visiblePairs(tokens: Int) -> Int {
        switch (isCausal, window) {
        case (false, nil): return tokens * tokens
        case (true, nil): return tokens * (tokens + 1) / 2
        case (true, .some(let window)):
            let short = min(tokens, window)
            return short * (short + 1) / 2 + max(0, tokens - window) * window
        case (false, .some(let window)):
            return (0..<tokens).reduce(0) { $0 + tokens - max(0, $1 - window + 1) }
        }
    }
}
