import Generation
import ModelGraph
import Runtime

/// What decoding keeps of each attention layer, source and converted model: measured on a session of each.
package struct CacheStudy: Sendable, Hashable, Codable {
    /// Bytes of one row: a token, or a row of what cross-attention looks at. Heads are padded to whole vectors.
    package struct Row: Sendable, Hashable, Codable {
        package let keys: Int
        package let values: Int

        package init(keys: Int, values: Int) {
            self.keys = keys
            self.values = values
        }

        static let nothing = Row(keys: 0, values: 0)

        static func + (a: Row, b: Row) -> Row { Row(keys: a.keys + b.keys, values: a.values + b.values) }
    }

    /// One attention layer.
    package struct Layer: Sendable, Hashable, Codable {
        package let node: String
        /// Whether its rows are those of what cross-attention looks at, rather than tokens.
        package let isMemory: Bool
        package let source: Row
        package let converted: Row

        package init(node: String, isMemory: Bool, source: Row, converted: Row) {
            self.node = node
            self.isMemory = isMemory
            self.source = source
            self.converted = converted
        }
    }

    package let layers: [Layer]

    package init(layers: [Layer]) { self.layers = layers }

    /// Lets both models decode a few tokens.
    ///
    /// - Returns: `nil` for models that do not decode token by token.
    package init?(
        source: Model, converted: Model, resources: ExecutionResources = ExecutionResources()
    ) throws(VerificationError) {
        guard source.graph.use == .languageModel else { return nil }
        guard let before = try Self.uses(of: source, resources), let after = try Self.uses(of: converted, resources)
        else { return nil }
        let kept = Dictionary(after.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
        layers = before.map { use in
            Layer(
                node: use.node, isMemory: use.isMemory, source: use.row, converted: kept[use.node]?.row ?? .nothing)
        }
    }

    /// Bytes of a token (of a row of memory), over all layers.
    package func total(ofMemory isMemory: Bool) -> (source: Row, converted: Row) {
        layers.filter { $0.isMemory == isMemory }.reduce((.nothing, .nothing)) { sum, layer in
            (sum.0 + layer.source, sum.1 + layer.converted)
        }
    }

    private static func uses(of model: Model, _ resources: ExecutionResources) throws(VerificationError) -> [CacheUse]?
    {
        do {
            let decoder = try DecoderModel(model, resources: resources)
            let prompts = MadeUpInputs.sequences([8, 10], target: 2, graph: model.graph)
            let session = try decoder.session(prompts)
            for _ in 0..<2 { try session.step(prompts.map { _ in 0 }) }
            return session.cacheUses
        } catch {
            if case .notIncremental = error { return nil }
            throw VerificationError(error)
        }
    }
}

extension CacheUse {
    /// Bytes of one row.
    fileprivate var row: CacheStudy.Row {
        CacheStudy.Row(keys: keyBytes / max(rows, 1), values: valueBytes / max(rows, 1))
    }
}
