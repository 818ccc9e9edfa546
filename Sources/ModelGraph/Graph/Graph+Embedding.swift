extension Graph {
    /// Name of the output that holds one embedding a text, where the model's files say how it is made.
    package static let embeddingOutput = "sentence_embedding"
    /// Name of the input whose zeros leave tokens out of the pooling: those of a prompt that does not count.
    package static let poolingMask = "pooling_mask"

    /// The value that holds one embedding a text; `nil` where the model's files do not say how it is made.
    package var embedding: String? { value(ofOutput: Self.embeddingOutput) }

    /// The nodes from the pooling to the embedding; of several poolings side by side the node that puts them together
    /// is the first.
    package var embeddingNodes: [Node] {
        guard let embedding, let pooled = pooledNode(of: embedding) else { return [] }
        guard let first = nodes.firstIndex(where: { $0.name == pooled.name }),
            let last = nodes.firstIndex(where: { $0.name == embedding }), first <= last
        else { return [] }
        return Array(nodes[first...last])
    }

    /// How rows become one on the way to the embedding: one entry for each part of the row.
    package var embeddingPoolings: [Pooling] {
        guard let embedding, let pooled = pooledNode(of: embedding) else { return [] }
        let parts = pooled.operation == .concatenate(.width) ? pooled.inputs.compactMap { node(named: $0) } : [pooled]
        return parts.compactMap { if case .pooling(let pooling) = $0.operation { pooling } else { nil } }
    }

    /// Whether the embedding is divided by its length, as the last thing that is done to it.
    package var normalizesEmbedding: Bool { embeddingNodes.last?.operation.isUnitNorm ?? false }

    /// The node that gives one row a text of several: that of a pooling, or of several side by side.
    private func pooledNode(of value: String) -> Node? {
        var name = value
        while let node = node(named: name) {
            switch node.operation {
            case .pooling, .concatenate: return node
            default:
                guard let input = node.inputs.first else { return nil }
                name = input
            }
        }
        return nil
    }

    /// Refuses another pooling of rows that stand for several tokens: only the one that they were merged for knows
    /// their sizes.
    ///
    /// - Parameter pooling: What is asked for; `nil`: as it is.
    package func requirePooling(_ pooling: Pooling?) throws(GraphError) {
        guard let pooling, let matching = firstMatching, embeddingPoolings != [pooling] else { return }
        throw GraphError(.plan, matching.name, "merges tokens, which only the model's own pooling takes into account")
    }

    /// The graph with an embedding that is made in another way.
    ///
    /// - Parameters:
    ///   - pooling: How rows become one instead; `nil`: as they do. What follows the pooling stays.
    ///   - normalizes: Whether the embedding is divided by its length; `nil`: as it is.
    /// - Returns: A graph that is not checked: what follows may need rows of another width.
    package func embedding(pooling: Pooling?, normalizes: Bool?) -> Graph {
        guard let embedding, let pooled = pooledNode(of: embedding) else { return self }
        var result = self
        if let pooling, let index = nodes.firstIndex(where: { $0.name == pooled.name }) {
            var inputs = pooled.inputs
            if case .concatenate = pooled.operation {
                inputs = pooled.inputs.compactMap { node(named: $0)?.inputs }.max { $0.count < $1.count } ?? []
            }
            if !pooling.takesMask {
                inputs = Array(inputs.prefix(1))
            } else if inputs.count == 1, self.inputs.contains(Self.poolingMask) {
                inputs.append(Self.poolingMask)
            }
            result.nodes[index] = Node(name: pooled.name, operation: .pooling(pooling), inputs: inputs)
            result.fitUnitNorms(after: index)
        }
        guard let normalizes, normalizes != normalizesEmbedding else { return result }
        let output: String
        if normalizes {
            output = embedding + "/unit_length"
            let place = (result.nodes.firstIndex { $0.name == embedding } ?? result.nodes.count - 1) + 1
            // A graph whose shapes do not fit is refused when it is checked.
            let width = (try? result.inferShapes())?[embedding]?.width ?? 1
            let node = Node(name: output, operation: .norm(.unit(width: width)), inputs: [embedding])
            result.nodes.insert(node, at: place)
        } else {
            var name = embedding
            while let node = node(named: name), node.operation.isUnitNorm, let input = node.inputs.first {
                name = input
            }
            output = name
        }
        for index in result.outputs.indices where result.outputs[index].name == Self.embeddingOutput {
            result.outputs[index].value = output
        }
        return result
    }
}

extension Graph {
    /// Gives normalisations that follow a pooling the width of its rows: one of several side by side has fewer.
    ///
    /// What has weights of its own keeps its width, and refuses rows that it does not take when the graph is checked.
    fileprivate mutating func fitUnitNorms(after index: Int) {
        guard let input = nodes[index].inputs.first, let width = (try? widthOfRows(input)) else { return }
        var changed: Set<String> = [nodes[index].name]
        for position in nodes.indices.dropFirst(index + 1) {
            let node = nodes[position]
            guard node.operation.isUnitNorm, let source = node.inputs.first, changed.contains(source) else { continue }
            nodes[position] = Node(name: node.name, operation: .norm(.unit(width: width)), inputs: node.inputs)
            changed.insert(node.name)
        }
    }

    /// Width of a value that stands before the pooling, so that it can be told whatever follows.
    private func widthOfRows(_ value: String) throws -> Int? {
        if let layout = inputLayouts[value] { return layout.width }
        guard let index = nodes.firstIndex(where: { $0.name == value }) else { return nil }
        var before = self
        before.nodes = Array(nodes[...index])
        before.outputs = [.init(name: value, value: value)]
        before.hiddenStates = []
        return try before.inferShapes()[value]?.width
    }
}

extension Norm {
    /// Rows divided by their Euclidean length, as `torch.nn.functional.normalize` does it: by 1e-12 at least.
    package static func unit(width: Int) -> Norm { Norm(kind: .unit, width: width, epsilon: 1e-24, hasOffset: false) }
}

extension Operation {
    /// Whether rows of length 1 come out.
    fileprivate var isUnitNorm: Bool { if case .norm(let norm) = self { norm.kind == .unit } else { false } }
}
