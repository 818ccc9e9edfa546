import ModelGraph

/// Sequences of a compiled model that grow: runs compute new rows only, and look at the keys and values that earlier
/// runs left.
///
/// Not for use from several threads at once.
package final class ContinuedRun {
    private let model: CompiledModel
    private let cache: KeyValueCache

    /// Begins with sequences that have no rows yet.
    ///
    /// - Parameter rows: Rows that grow. `nil` comes back where the model has none such.
    package init?(_ model: CompiledModel, along rows: RowSpace, sequences: Int) {
        guard let axis = model.schedule.axes.firstIndex(of: rows) else { return nil }
        self.model = model
        cache = KeyValueCache(model.schedule, axis: axis, sequences: sequences)
    }

    /// Bytes of all keys and values that are kept.
    package var cacheBytes: Int { cache.byteCount }

    /// What is kept of each attention layer; the bytes add up to `cacheBytes`.
    package var cacheUses: [CacheUse] { cache.uses }

    /// Bytes that are kept of a row along the growing axis, or of a row that cross-attention looks at, over all layers.
    package func cacheBytesPerRow(ofMemory isMemory: Bool) -> Int { cache.rowBytes(ofMemory: isMemory) }

    /// Runs first rows, group by group.
    ///
    /// - Parameters:
    ///   - sequences: One for each sequence, already checked (`CompiledModel.check`).
    ///   - receive: Called after each group with what it left and the numbers of its sequences.
    /// - Throws: `RuntimeError.cancelled`.
    package func start(
        _ sequences: [ModelInput], receive: (GroupResult, Range<Int>) -> Void
    ) throws(RuntimeError) {
        for range in sequences.batches(rows: model.options.groupTokens) {
            try run(Group(sequences, range: range, schedule: model.schedule), range, receive)
        }
    }

    /// Runs the rows that come next, all sequences as one group.
    ///
    /// - Parameters:
    ///   - rows: New rows of each sequence.
    ///   - past: Rows that each has already.
    ///   - receive: Called once, with what the group left.
    /// - Throws: `RuntimeError.cancelled`; nothing has changed then.
    package func append(
        _ rows: [ModelInput], past: [Int], receive: (GroupResult, Range<Int>) -> Void
    ) throws(RuntimeError) {
        let continuing = ContinuedRows(axis: cache.axis, past: past, memory: cache.memories)
        let group = Group(rows, range: rows.indices, schedule: model.schedule, continuing: continuing)
        try run(group, rows.indices, receive)
    }

    /// Goes on with some of the sequences only, which are then numbered from 0.
    package func keep(_ sequences: [Int]) { cache.keep(sequences) }

    /// Runs a group and keeps its keys and values.
    private func run(
        _ group: Group, _ range: Range<Int>, _ receive: (GroupResult, Range<Int>) -> Void
    ) throws(RuntimeError) {
        let sequences = Array(range)
        cache.reserve(for: group, sequences: sequences)
        let workspace = model.borrow()
        defer { model.giveBack(workspace) }
        let execution = try model.run(group, in: workspace, cache: CacheAccess(cache: cache, sequences: sequences))
        cache.commit(group, sequences: sequences)
        receive(GroupResult(execution: execution), range)
    }
}
