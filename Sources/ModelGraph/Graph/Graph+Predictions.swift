extension Graph {
    /// The value that holds a model's predictions before softmax, one row a token or a sequence; `nil` for encoders.
    ///
    /// A model whose last step is softmax or a sigmoid predicts by what that step reads.
    package var predictions: String? {
        let named = value(ofOutput: "logits") ?? outputs.first { $0.name.contains("logits") }?.value
        let likely = outputs.last { output in
            switch node(named: output.value)?.operation {
            case .softmax, .activation(.sigmoid): true
            default: false
            }
        }
        let other = use == .classifier ? likely ?? outputs.last : outputs.last
        guard let value = named ?? (use == .encoder ? nil : other?.value) else { return nil }
        guard let node = node(named: value), let input = node.inputs.first else { return value }
        switch node.operation {
        case .softmax, .activation(.sigmoid): return input
        default: return value
        }
    }
}

extension CheckedGraph {
    /// The input whose ids a language model's predictions are about, row by row: each row predicts the id of the next.
    ///
    /// - Returns: `nil` for models that predict something else; `.text` where the ids are a text's own.
    package var predictedTokens: PredictedTokens? {
        guard graph.use == .languageModel, let value = graph.predictions, let rows = shapes[value]?.rows else {
            return nil
        }
        let laidOut = graph.inputLayouts.filter { $0.value.content == .ids && $0.value.rows == rows }.keys.min()
        if let laidOut { return .input(laidOut) }
        return rows == .tokens ? .text : nil
    }

    /// Values of width 1 that hide rows, by the rows that they lie along: the masks that attention heeds.
    ///
    /// Hidden rows are computed all the same and mean nothing. Text tokens that a mask hides have no rows at all.
    package var rowMasks: [RowSpace: String] {
        var result: [RowSpace: String] = [:]
        for node in graph.attentionNodes {
            guard let attention = node.attention, let masking = attention.masking else { continue }
            var masks = node.inputs.dropFirst(attention.streamCount)
            if masking.queries, let mask = masks.popFirst(), let rows = shapes[mask]?.rows { result[rows] = mask }
            if masking.keys, let mask = masks.popFirst(), let rows = shapes[mask]?.rows, result[rows] == nil {
                result[rows] = mask
            }
        }
        return result
    }
}

/// Where the ids stand that a language model predicts.
package enum PredictedTokens: Sendable, Hashable {
    /// The text's own ids.
    case text
    /// An input that the graph lays out: what a decoder reads.
    case input(String)
}

extension ModelInput {
    /// For each visible row the id that the row should predict: that of the next visible one. The last has none.
    package func nextIDs(_ tokens: PredictedTokens) -> [Int32] {
        let ids: [Int32]
        let mask: [Bool]
        switch tokens {
        case .text: (ids, mask) = (self.ids, self.mask)
        case .input(let name): (ids, mask) = (arrays[name]?.ids ?? [], arrays[name]?.mask ?? [])
        }
        let visible = mask.isEmpty ? ids : zip(ids, mask).filter(\.1).map(\.0)
        return Array(visible.dropFirst())
    }
}
