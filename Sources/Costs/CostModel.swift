import ModelGraph

/// What one execution of a graph costs. The only home of every saving that is printed.
package struct Cost: Sendable, Hashable {
    /// Attention maps computed.
    package var maps: Int
    /// Multiply-adds of one sequence.
    package var multiplyAdds: Int
    /// Numbers stored in the model's own parameters.
    package var parameters: Int
    /// Bytes of the parameters as they are stored, before compression; those without a precision of their own counted
    /// in float32.
    package var parameterBytes: Int
    /// Bytes of the largest set of maps alive at once, for one sequence in float32 (`CheckedGraph.liveMaps`).
    package var liveMapBytes: Int

    /// Bytes that incremental decoding keeps for each token: keys of groups that compute a map, values of groups that
    /// are read, in float32. Only self-attention under a causal mask.
    package var cacheBytes: Int
    /// The same for each token of the memory that cross-attention reads.
    package var memoryCacheBytes: Int
}

extension Node {
    /// Bytes of the node's own parameters as they are stored, those without a precision counted in float32.
    package var storedByteCount: Int {
        storedParameters.reduce(0) { $0 + $1.shape.count * $1.content.byteCount }
    }
}

extension Graph {
    /// Attention maps computed by one execution.
    package var mapCount: Int {
        nodes.reduce(0) { $0 + ($1.attention?.computedHeads.count ?? 0) }
    }
}

extension CheckedGraph {
    /// Cost of one sequence of `tokens` tokens.
    ///
    /// Counted are products with parameters, scores, maps times values, the summing of blended terms, and comparisons
    /// of tokens that may be merged; norms, activations and lookups are not.
    ///
    /// - Parameter tokens: 0 or more. A count too large for 64 bits is given as the largest number there is.
    package func cost(tokens: Int) -> Cost {
        let multiplyAdds = multiplyAddsByNode(tokens: tokens).values.reduce(0, sum)
        // The sum of all parameters is within GraphLimit.
        let parameters = graph.nodes.reduce(0) { $0 + $1.ownParameters.reduce(0) { $0 + $1.shape.count } }
        return Cost(
            maps: graph.mapCount, multiplyAdds: multiplyAdds, parameters: parameters,
            parameterBytes: graph.nodes.reduce(0) { $0 + $1.storedByteCount },
            liveMapBytes: liveMapBytes(tokens: tokens),
            cacheBytes: cacheBytes { $0.mask.isCausal && !$0.isCross },
            memoryCacheBytes: cacheBytes(of: \.isCross))
    }

    private func cacheBytes(of isCounted: (Attention) -> Bool) -> Int {
        graph.nodes.compactMap(\.attention).filter(isCounted).reduce(0) { total, attention in
            let columns =
                attention.keyGroups.count * attention.headSize
                + attention.valueGroups.count * attention.valueSize
            return sum(total, product(columns, 4))
        }
    }

    /// Multiply-adds of each node that has any, for one sequence of `tokens` tokens; they add up to `cost(tokens:)`.
    package func multiplyAddsByNode(tokens: Int) -> [String: Int] {
        var result: [String: Int] = [:]
        for node in graph.nodes {
            switch node.operation {
            case .linear(let linear):
                let rows = shapes[node.name]?.rows.rows(tokens: tokens) ?? 0
                result[node.name] = product(rows, linear.inputWidth, linear.outputWidth)
            case .attention(let attention):
                let queries = shapes[node.name]?.rows.rows(tokens: tokens) ?? 0
                let memory = attention.isCross ? node.inputs.dropFirst().first.flatMap { shapes[$0] } : nil
                let keys = memory?.rows.rows(tokens: tokens) ?? queries
                result[node.name] = attention.multiplyAdds(queries: queries, keys: keys)
            case .convolution(let convolution):
                let rows = shapes[node.name]?.rows.rows(tokens: tokens) ?? 0
                result[node.name] = product(
                    rows, convolution.windowSize * convolution.groupWidth, convolution.outputWidth)
            case .recurrent(let recurrent):
                let rows = node.inputs.first.flatMap { shapes[$0] }?.rows.rows(tokens: tokens) ?? 0
                result[node.name] = product(rows, sum(recurrent.inputWidth, recurrent.units), recurrent.gateWidth)
            case .matching:
                let rows = shapes[node.name]?.rows.rows(tokens: tokens) ?? 0
                let size = node.inputs.first.flatMap { graph.node(named: $0)?.attention?.headSize } ?? 0
                result[node.name] = product((rows + 1) / 2, rows / 2, size)
            case .matrixProduct:
                let rows = shapes[node.name]?.rows.rows(tokens: tokens) ?? 0
                let depth = node.inputs.first.flatMap { shapes[$0] }?.width ?? 0
                result[node.name] = product(rows, depth, shapes[node.name]?.width ?? 0)
            case .embedding, .norm, .activation, .add, .gate, .pooling, .concatenate, .rearrange, .slice, .multiply,
                .affine, .softmax, .round, .table, .mask, .tokenMask, .minimum, .maximum, .localPooling, .respacing,
                .distribution, .elementwise, .maps, .merge, .exit:
                break
            }
        }
        return result
    }
}

extension CheckedGraph {
    /// Parameters and multiply-adds of one sequence of `tokens` tokens, of each node that has any, in execution order.
    package func costsOfParts(tokens: Int) -> [(name: String, parameters: Int, multiplyAdds: Int)] {
        let multiplyAdds = multiplyAddsByNode(tokens: tokens)
        return graph.nodes.compactMap { node in
            let parameters = node.ownParameters.reduce(0) { $0 + $1.shape.count }
            let work = multiplyAdds[node.name] ?? 0
            return parameters + work == 0 ? nil : (node.name, parameters, work)
        }
    }
}

extension Attention {
    /// Multiply-adds of one sequence.
    func multiplyAdds(queries: Int, keys: Int) -> Int {
        let memory = sizes.memoryWidth ?? sizes.inputWidth
        let map = computedHeads.count * sizes.headSize, context = keptHeads.count * sizes.valueSize
        let ofQueries = map * sizes.inputWidth + context * sizes.outputWidth
        let ofKeys = (keyGroups.count * sizes.headSize + valueGroups.count * sizes.valueSize) * memory
        // One map at weight 1 is read as it is; otherwise every term is one multiply-add an element.
        let blending = heads.reduce(0) { total, source in
            let terms = source.terms
            return total + (terms.count > 1 || (terms.first?.weight ?? 1) != 1 ? terms.count : 0)
        }
        // A query that looks at one key copies its value.
        let perPair = map + context + blending - heads.count(where: \.isHard) * sizes.valueSize
        let pairs = queries == keys ? scores.mask.visiblePairs(tokens: queries) : product(queries, keys)
        let all = sum(sum(product(queries, ofQueries), product(keys, ofKeys)), product(pairs, perPair))
        guard case .disentangled(let disentangled) = scores.positions, queries > 0 else { return all }
        // Each query and each key against those rows of the table that some distance between them asks for.
        let rows = disentangled.row(of: queries - 1) - disentangled.row(of: 1 - queries) + 1
        return sum(all, product(sum(queries, keys), map, rows))
    }
}

extension Attention.Mask {
    /// Pairs of query and key that the mask leaves visible among `tokens` positions.
    package func visiblePairs(tokens: Int) -> Int {
        // Queries with more keys behind them than the window holds; each hides one key more than the one before.
        let beyond = max(0, tokens - (window ?? tokens))
        let all = isCausal ? triangle(tokens) : product(tokens, tokens)
        return all == .max ? all : all - product(isCausal ? 1 : 2, triangle(beyond))
    }
}

/// 1 + 2 + … + `count`.
private func triangle(_ count: Int) -> Int {
    count.isMultiple(of: 2) ? product(count / 2, sum(count, 1)) : product(count, count / 2 + 1)
}
