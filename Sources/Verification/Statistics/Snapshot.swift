import ModelGraph
import Runtime

/// What a model makes of one text, copied out of a run.
struct Snapshot: Sendable {
    /// Last hidden states of the visible tokens, row by row.
    var hidden: [Float] = []
    /// Rows of `hidden`.
    var tokens = 0
    /// Logits, one row a token or one row for the text; empty for models without.
    var logits: [Float] = []
    var logitRows = 0
    /// Attention maps that were asked for, `[visible, visible]`, in the order of the heads.
    var maps: [[Float]?] = []

    /// Mean of the visible tokens' rows; empty for a text without tokens.
    var pooled: [Double] {
        guard tokens > 0 else { return [] }
        let width = hidden.count / tokens
        var sums = [Double](repeating: 0, count: width)
        for row in 0..<tokens {
            for column in 0..<width { sums[column] += Double(hidden[row * width + column]) }
        }
        return sums.map { $0 / Double(tokens) }
    }
}

/// A model that hands out snapshots.
struct Witness {
    private let compiled: CompiledModel
    private let hidden: String?
    private let logits: String?
    private let heads: [HeadID]

    /// - Parameters:
    ///   - heads: Heads whose maps are wanted.
    init(_ model: Model, threads: Int?, heads: [HeadID]) throws(VerificationError) {
        let graph = model.graph
        hidden = graph.value(ofOutput: "last_hidden_state") ?? graph.hiddenStates.last
        logits = graph.value(ofOutput: "logits")
        self.heads = heads
        let observation = Observation(
            values: Set([hidden, logits].compactMap(\.self)), maps: Set(heads.map(\.node)))
        do {
            compiled = try CompiledModel(model, options: .init(threads: threads, observation: observation))
        } catch { throw .runtime(error) }
    }

    /// Snapshots in the order of the texts.
    func look(at sequences: [TokenSequence]) throws(VerificationError) -> [Snapshot] {
        var snapshots = [Snapshot](repeating: Snapshot(), count: sequences.count)
        do {
            try compiled.run(sequences) { (group) throws(Never) in
                for sequence in group.sequences { snapshots[sequence.index] = snapshot(of: sequence, in: group) }
            }
        } catch {
            switch error {
            case .runtime(let reason): throw .runtime(reason)
            }
        }
        return snapshots
    }

    private func snapshot(of sequence: GroupResult.Sequence, in group: GroupResult) -> Snapshot {
        var result = Snapshot()
        let visible = sequence.rows.prefix(sequence.visible)
        if let hidden, let matrix = group.value(hidden) {
            result.tokens = visible.count
            result.hidden = matrix.copy(of: visible)
        }
        if let logits, let matrix = group.value(logits) {
            let rows = group.isPooled(logits) ? sequence.number..<sequence.number + 1 : visible
            result.logitRows = rows.count
            result.logits = matrix.copy(of: rows)
        }
        result.maps = heads.map { head in
            group.map(head, of: sequence).map { $0.copy(of: 0..<min($0.rows, sequence.visible)) }
        }
        return result
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
