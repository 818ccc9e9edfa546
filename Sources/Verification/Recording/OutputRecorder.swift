import ModelGraph
import Runtime

/// A model whose last hidden states, logits and attention maps are recorded while it runs.
struct OutputRecorder {
    let compiled: CompiledModel
    /// Value that holds the last hidden states; `nil` for models without.
    let hidden: String?
    /// Value that holds the logits; `nil` for models without.
    let logits: String?
    /// Value that holds the embedding that the model's files define; `nil` for models without.
    let embedding: String?
    /// Outputs that hold numbers.
    private let numbers: [Graph.Output]
    private let heads: [HeadID]
    private let shapes: [String: ValueShape]
    private let masks: [RowSpace: String]

    /// - Parameters:
    ///   - heads: Heads whose maps are wanted.
    init(_ model: Model, resources: ExecutionResources, heads: [HeadID]) throws(VerificationError) {
        let graph = model.graph
        hidden = graph.lastHiddenState
        embedding = graph.embedding
        numbers = graph.numberOutputs
        // Forecasts for each position are no classes.
        let isForecast = graph.use == .numbers && graph.predictions.map { graph.shapes[$0]?.rows } != .sequences
        logits = isForecast ? nil : graph.predictions
        shapes = graph.shapes
        masks = graph.rowMasks
        self.heads = heads
        let observation = Observation(
            values: Set([hidden, logits, embedding].compactMap(\.self) + numbers.map(\.value) + masks.values),
            maps: Set(heads.map(\.node)))
        do {
            compiled = try CompiledModel(model, options: .init(resources: resources, observation: observation))
        } catch { throw VerificationError(error) }
    }

    /// Outputs in the order of the texts.
    ///
    /// - Complexity: Memory for all hidden states, logits and maps of the texts: pass batches.
    func record(_ sequences: [ModelInput]) throws(VerificationError) -> [RecordedOutputs] {
        var outputs = [RecordedOutputs](repeating: RecordedOutputs(), count: sequences.count)
        try run(sequences) { group in
            for sequence in group.sequences { outputs[sequence.index] = self.outputs(of: sequence, in: group) }
        }
        return outputs
    }

    /// Runs texts group by group, for what need not be copied; `receive` is called in their order.
    func run(
        _ sequences: [ModelInput], receive: (GroupResult) -> Void
    ) throws(VerificationError) {
        do {
            try compiled.run(sequences) { (group) throws(Never) in receive(group) }
        } catch {
            switch error {
            case .runtime(let reason): throw VerificationError(reason)
            }
        }
    }

    private func outputs(of sequence: GroupResult.Sequence, in group: GroupResult) -> RecordedOutputs {
        var result = RecordedOutputs()
        if let hidden, let matrix = group.value(hidden) {
            let rows = rows(of: sequence, of: hidden, in: group)
            result.tokens = rows.count
            result.hidden = matrix.copy(of: rows)
        }
        if let logits, let matrix = group.value(logits) {
            let rows = rows(of: sequence, of: logits, in: group)
            result.logitRows = rows.count
            result.logits = matrix.copy(of: rows)
        }
        if let embedding, let matrix = group.value(embedding) {
            result.embedding = matrix.copy(of: rows(of: sequence, of: embedding, in: group))
        }
        for output in numbers {
            guard let matrix = group.value(output.value) else { continue }
            let rows = rows(of: sequence, of: output.value, in: group)
            result.numbers.append(.init(name: output.name, rows: rows.count, elements: matrix.copy(of: rows)))
        }
        result.maps = heads.map { head in
            group.map(head, of: sequence).map { map in
                let visible = group.sequence(sequence, alongQueriesOf: head).visible
                let rows = shown(min(map.rows, visible), along: shapes[head.node]?.rows, of: sequence, in: group)
                return RecordedOutputs.Map(rows: rows.count, elements: map.copy(of: rows))
            }
        }
        return result
    }

    /// Rows of a value that belong to a sequence and that no mask hides.
    private func rows(of sequence: GroupResult.Sequence, of value: String, in group: GroupResult) -> [Int] {
        let location = group.sequence(sequence, alongRowsOf: value)
        let count = min(location.rows.count, location.visible)
        return shown(count, along: shapes[value]?.rows, of: sequence, in: group).map { location.rows.lowerBound + $0 }
    }

    /// Which of a sequence's first rows along an axis no mask hides.
    private func shown(
        _ count: Int, along axis: RowSpace?, of sequence: GroupResult.Sequence, in group: GroupResult
    ) -> [Int] {
        guard let name = axis.flatMap({ masks[$0] }), let mask = group.value(name) else { return Array(0..<count) }
        let start = group.sequence(sequence, alongRowsOf: name).rows.lowerBound
        return (0..<count).filter { mask.row(start + $0)[0] != 0 }
    }
}

extension MatrixView {
    /// Elements of some rows, one row after the other.
    fileprivate func copy(of rows: some Collection<Int>) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(rows.count * columns)
        for index in rows { result.append(contentsOf: row(index)) }
        return result
    }
}
