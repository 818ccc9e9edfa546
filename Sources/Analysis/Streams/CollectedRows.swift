import ModelGraph
import Runtime

/// Rows of some values of some sequences, visible tokens only, in the order of the batch.
package struct CollectedRows {
    /// First row of each sequence, and the number of rows at the end.
    package let starts: [Int]
    /// Values by node name, `[rows, width]`.
    package let values: [String: RowBuffer]
    /// Contexts by attention node, kept heads side by side, `[rows, kept heads · value size]`.
    package let contexts: [String: RowBuffer]

    package var count: Int { starts.last ?? 0 }
}

extension CompiledModel {
    /// Runs sequences and collects rows.
    ///
    /// - Parameters:
    ///   - values: Values with one row a token, among those the model was compiled to observe.
    ///   - contexts: Attention nodes, likewise.
    /// - Complexity: Memory for all rows of all values: pass chunks.
    package func collect(
        _ sequences: [TokenSequence], values: [String] = [], contexts: [String] = []
    ) throws(AnalysisError) -> CollectedRows {
        var starts = [0]
        for sequence in sequences { starts.append(starts[starts.count - 1] + sequence.visibleCount) }
        let count = starts[starts.count - 1]
        let shapes: [String: ValueShape]
        do { shapes = try graph.inferShapes() } catch { throw .graph(error) }
        var valueRows: [String: RowBuffer] = [:]
        for name in values {
            guard let shape = shapes[name], shape.rows == .tokens else { throw .runtime(.unknownValue(name)) }
            valueRows[name] = RowBuffer(rows: count, columns: shape.width)
        }
        var contextRows: [String: RowBuffer] = [:]
        for name in contexts {
            guard let attention = graph.node(named: name)?.attention else { throw .runtime(.unknownValue(name)) }
            contextRows[name] = RowBuffer(rows: count, columns: attention.keptHeads.count * attention.valueSize)
        }
        let targets = valueRows, contextTargets = contextRows, offsets = starts, graph = graph
        do {
            try run(concurrently: sequences) { group in
                for sequence in group.sequences {
                    // Each sequence belongs to one group: its rows are written by one thread.
                    let start = offsets[sequence.index]
                    for (name, buffer) in targets {
                        guard let view = group.value(name) else { continue }
                        for row in 0..<sequence.visible {
                            (buffer.base + (start + row) * buffer.columns)
                                .update(
                                    from: view.base + (sequence.rows.lowerBound + row) * view.stride,
                                    count: buffer.columns)
                        }
                    }
                    for (name, buffer) in contextTargets {
                        for (slot, head) in (graph.node(named: name)?.attention?.keptHeads ?? []).enumerated() {
                            guard let view = group.context(HeadID(node: name, head: head)) else { continue }
                            for row in 0..<sequence.visible {
                                (buffer.base + (start + row) * buffer.columns + slot * view.columns)
                                    .update(
                                        from: view.base + (sequence.rows.lowerBound + row) * view.stride,
                                        count: view.columns)
                            }
                        }
                    }
                }
            }
        } catch {
            throw .runtime(error)
        }
        return CollectedRows(starts: starts, values: valueRows, contexts: contextRows)
    }
}

extension Model {
    /// Compiles the model for a tap, with errors of this room.
    package func compiled(threads: Int, observing observation: Observation) throws(AnalysisError) -> CompiledModel {
        do {
            return try CompiledModel(self, options: .init(threads: threads, observation: observation))
        } catch {
            throw .runtime(error)
        }
    }
}
