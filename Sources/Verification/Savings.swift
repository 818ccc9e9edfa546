import Costs
import ModelGraph
import Plans

/// What a converted model does without, from the cost model.
package struct Savings: Sendable, Hashable, Codable {
    /// A quantity of the source and of the converted model.
    package struct Change: Sendable, Hashable, Codable {
        package let source: Int
        package let converted: Int

        package init(source: Int, converted: Int) {
            self.source = source
            self.converted = converted
        }

        /// Share of the source's that is saved; 0 where there was nothing.
        package var saved: Double { source == 0 ? 0 : 1 - Double(converted) / Double(source) }
    }

    /// Sequence length that the multiply-adds are for.
    package let tokens: Int
    /// Whether multiply-adds do not depend on a length: every input of the model has a shape of its own.
    package let isFixed: Bool?
    package let maps: Change
    package let multiplyAdds: Change
    package let parameters: Change
    /// Bytes of the parameters in float32.
    package let bytes: Change
    /// Bytes that decoding keeps for each token, in float32; `nil` for models that don't decode.
    package let cache: Change?
    /// The same for each row of what cross-attention looks at; `nil` for models without.
    package let memoryCache: Change?

    /// - Parameter tokens: Sequence length of the multiply-adds; `nil`: the source's `usualTokens`.
    package init(source: CheckedGraph, converted: CheckedGraph, tokens: Int? = nil) {
        let tokens = tokens ?? source.usualTokens
        let before = source.cost(tokens: tokens), after = converted.cost(tokens: tokens)
        self.tokens = tokens
        isFixed = source.cost(tokens: tokens + 1).multiplyAdds == before.multiplyAdds ? true : nil
        maps = Change(source: before.maps, converted: after.maps)
        multiplyAdds = Change(source: before.multiplyAdds, converted: after.multiplyAdds)
        parameters = Change(source: before.parameters, converted: after.parameters)
        bytes = Change(source: before.parameterBytes, converted: after.parameterBytes)
        cache = before.cacheBytes > 0 ? Change(source: before.cacheBytes, converted: after.cacheBytes) : nil
        memoryCache =
            before.memoryCacheBytes > 0
            ? Change(source: before.memoryCacheBytes, converted: after.memoryCacheBytes) : nil
    }

    /// What the multiply-adds are of: `at 128 tokens`, or `of one input` where every input has a shape of its own.
    package var measure: String { isFixed == true ? "of one input" : "at \(tokens) tokens" }

    /// How many times as fast the converted model would be if time went with multiply-adds alone.
    package var predictedSpeedup: Double { Double(multiplyAdds.source) / Double(max(multiplyAdds.converted, 1)) }

    /// The savings as metrics, for gates.
    package var measurements: [Measurement] {
        [
            Measurement(.mapsSaved, maps.saved), Measurement(.macsSaved, multiplyAdds.saved),
            Measurement(.paramsSaved, parameters.saved), Measurement(.bytesSaved, bytes.saved),
        ] + (cache.map { [Measurement(.cacheSaved, $0.saved)] } ?? [])
    }
}

/// What a model would save if one layer took all of its maps from the layer before.
package struct LayerSavings: Sendable, Hashable {
    /// Name of the attention node.
    package let node: String
    /// Its heads.
    package let heads: Int
    package let savings: Savings

    /// Every attention layer but the first; those that may not reuse the maps of the one before are left out.
    ///
    /// - Parameter tokens: Sequence length that multiply-adds are counted for.
    package static func all(of graph: CheckedGraph, tokens: Int = 128) -> [LayerSavings] {
        let nodes = graph.attentionNodes
        return zip(nodes, nodes.dropFirst()).compactMap { earlier, later in
            var plan = ReusePlan(of: graph)
            guard let row = plan.layers.firstIndex(where: { $0.node == later.name }),
                let heads = earlier.attention?.heads.count
            else { return nil }
            for head in plan.layers[row].heads.indices {
                plan.layers[row].heads[head].source = .reused(HeadID(node: earlier.name, head: head % max(heads, 1)))
            }
            guard let reused = try? graph.applying(plan) else { return nil }
            return LayerSavings(
                node: later.name, heads: plan.layers[row].heads.count,
                savings: Savings(source: graph, converted: reused, tokens: tokens))
        }
    }
}
