import ModelGraph
import Runtime

/// What a model makes of one text, picture or whatever it reads, copied out of a run.
///
/// Rows that a mask hides are left out.
struct Snapshot: Sendable {
    /// One attention map, `[queries, keys]`.
    struct Map: Sendable {
        /// Query rows.
        let rows: Int
        let elements: [Float]
    }

    /// Last hidden states, row by row; of an encoder–decoder the decoder's.
    var hidden: [Float] = []
    /// Rows of `hidden`.
    var tokens = 0
    /// Logits, one row a token or one row for all of it; empty for models without.
    var logits: [Float] = []
    var logitRows = 0
    /// Attention maps that were asked for, in the order of the heads.
    var maps: [Map?] = []

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
    private let shapes: [String: ValueShape]
    private let masks: [RowSpace: String]

    /// - Parameters:
    ///   - heads: Heads whose maps are wanted.
    init(_ model: Model, resources: ExecutionResources, heads: [HeadID]) throws(VerificationError) {
        let graph = model.graph
        hidden = graph.lastHiddenState
        logits = graph.predictions
        shapes = graph.shapes
        masks = graph.rowMasks
        self.heads = heads
        let observation = Observation(
            values: Set([hidden, logits].compactMap(\.self) + masks.values), maps: Set(heads.map(\.node)))
        do {
            compiled = try CompiledModel(model, options: .init(resources: resources, observation: observation))
        } catch { throw .runtime(error) }
    }

    /// Snapshots in the order of the texts.
    func look(at sequences: [ModelInput]) throws(VerificationError) -> [Snapshot] {
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
        result.maps = heads.map { head in
            group.map(head, of: sequence).map { map in
                let visible = group.sequence(sequence, alongQueriesOf: head).visible
                let rows = shown(min(map.rows, visible), along: shapes[head.node]?.rows, of: sequence, in: group)
                return Snapshot.Map(rows: rows.count, elements: map.copy(of: rows))
            }
        }
        return result
    }

    /// Rows of a value that belong to a sequence and that no mask hides.
    private func rows(of sequence: GroupResult.Sequence, of value: String, in group: GroupResult) -> [Int] {
        let place = group.sequence(sequence, alongRowsOf: value)
        let count = min(place.rows.count, place.visible)
        return shown(count, along: shapes[value]?.rows, of: sequence, in: group).map { place.rows.lowerBound + $0 }
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
