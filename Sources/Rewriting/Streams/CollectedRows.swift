import ModelGraph
import Runtime

/// Rows of some values of some sequences, without rows that a mask hides, in the order of the batch.
package struct CollectedRows {
    /// By the rows' axis: first row of each sequence, and the number of rows at the end.
    private let starts: [RowSpace: [Int]]
    /// Axes by node name.
    private let axes: [String: RowSpace]
    /// Values by node name, `[rows, width]`.
    package let values: [String: RowBuffer]
    /// Contexts by attention node, kept heads side by side, `[rows, kept heads · value size]`.
    package let contexts: [String: RowBuffer]

    /// Rows of each sequence, of a value or of the contexts of a node.
    package func ranges(of name: String) -> [Range<Int>] {
        let own = axes[name].flatMap { starts[$0] } ?? [0]
        return zip(own, own.dropFirst()).map { $0..<$1 }
    }

    fileprivate init(
        starts: [RowSpace: [Int]], axes: [String: RowSpace], values: [String: RowBuffer],
        contexts: [String: RowBuffer]
    ) {
        self.starts = starts
        self.axes = axes
        self.values = values
        self.contexts = contexts
    }
}

extension CompiledModel {
    /// Runs sequences and collects rows.
    ///
    /// - Parameters:
    ///   - values: Values among those that the model was compiled to observe.
    ///   - contexts: Attention nodes, likewise.
    /// - Complexity: Memory for all rows of all values: pass chunks.
    package func collect(
        _ sequences: [ModelInput], values: [String] = [], contexts: [String] = []
    ) throws(AnalysisError) -> CollectedRows {
        let shapes = graph.shapes
        var axes: [String: RowSpace] = [:]
        for name in values + contexts {
            guard let shape = shapes[name] else { throw .runtime(.unknownValue(name)) }
            axes[name] = shape.rows
        }
        let masks = graph.rowMasks.filter { axes.values.contains($0.key) }
        var starts: [RowSpace: [Int]] = [:]
        for rows in Set(axes.values) {
            starts[rows] = sequences.reduce(into: [0]) { sums, sequence in
                sums.append(sums[sums.count - 1] + visibleRows(of: sequence, along: rows))
            }
        }
        func count(_ name: String) -> Int { axes[name].flatMap { starts[$0]?.last } ?? 0 }
        var valueRows: [String: RowBuffer] = [:], contextRows: [String: RowBuffer] = [:]
        for name in values { valueRows[name] = RowBuffer(rows: count(name), columns: shapes[name]?.width ?? 0) }
        for name in contexts {
            guard let attention = graph.node(named: name)?.attention else { throw .runtime(.unknownValue(name)) }
            contextRows[name] = RowBuffer(rows: count(name), columns: attention.keptHeads.count * attention.valueSize)
        }
        let maskRows = masks.keys.reduce(into: [RowSpace: RowBuffer]()) { result, rows in
            result[rows] = RowBuffer(rows: starts[rows]?.last ?? 0, columns: 1)
        }
        try fill(
            sequences, starts: starts, axes: axes, values: valueRows, contexts: contextRows, masks: masks,
            maskRows: maskRows)
        for (rows, mask) in maskRows {
            let shown = (0..<mask.rows).map { mask.base[$0] != 0 }
            for name in values where axes[name] == rows { valueRows[name] = valueRows[name]?.keeping(shown) }
            for name in contexts where axes[name] == rows { contextRows[name] = contextRows[name]?.keeping(shown) }
            let before = starts[rows] ?? [0]
            starts[rows] = zip(before, before.dropFirst()).reduce(into: [0]) { sums, range in
                sums.append(sums[sums.count - 1] + shown[range.0..<range.1].count { $0 })
            }
        }
        return CollectedRows(starts: starts, axes: axes, values: valueRows, contexts: contextRows)
    }

    private func fill(
        _ sequences: [ModelInput], starts: [RowSpace: [Int]], axes: [String: RowSpace],
        values: [String: RowBuffer], contexts: [String: RowBuffer], masks: [RowSpace: String],
        maskRows: [RowSpace: RowBuffer]
    ) throws(AnalysisError) {
        let heads = contexts.keys.reduce(into: [String: [HeadID]]()) { result, name in
            result[name] = (graph.node(named: name)?.attention?.keptHeads ?? []).map { HeadID(node: name, head: $0) }
        }
        do {
            try run(concurrently: sequences) { group in
                for sequence in group.sequences {
                    // Each sequence belongs to one group: its rows are written by one thread.
                    func copy(_ name: String, along rows: RowSpace?, to buffer: RowBuffer) {
                        guard let view = group.value(name), let rows, let start = starts[rows]?[sequence.index] else {
                            return
                        }
                        let place = group.sequence(sequence, alongRowsOf: name)
                        buffer.copy(view, rows: Array(place.rows.prefix(place.visible)), to: start, column: 0)
                    }
                    for (name, buffer) in values { copy(name, along: axes[name], to: buffer) }
                    for (rows, name) in masks { if let buffer = maskRows[rows] { copy(name, along: rows, to: buffer) } }
                    for (name, buffer) in contexts {
                        guard let start = axes[name].flatMap({ starts[$0]?[sequence.index] }) else { continue }
                        let place = group.sequence(sequence, alongContextsOf: name)
                        for (slot, head) in (heads[name] ?? []).enumerated() {
                            guard let view = group.context(head) else { continue }
                            buffer.copy(
                                view, rows: Array(place.rows.prefix(place.visible)), to: start,
                                column: slot * view.columns)
                        }
                    }
                }
            }
        } catch { throw AnalysisError(error) }
    }
}

extension RowBuffer {
    /// Copies rows of a view to rows of the buffer from `start` on, to columns from `column` on.
    fileprivate func copy(_ view: MatrixView, rows: [Int], to start: Int, column: Int) {
        for (offset, row) in rows.enumerated() {
            (base + (start + offset) * columns + column).update(
                from: view.base + row * view.stride, count: view.columns)
        }
    }

    /// The rows that are wanted, in a buffer of their own.
    fileprivate func keeping(_ wanted: [Bool]) -> RowBuffer {
        let kept = wanted.indices.filter { wanted[$0] }
        let result = RowBuffer(rows: kept.count, columns: columns)
        for (index, row) in kept.enumerated() { result.copy(self, row: row, to: index) }
        return result
    }
}

extension Model {
    /// Compiles the model for a tap, with errors of this module. Masks of rows are observed as well.
    package func compiled(
        resources: ExecutionResources, observing observation: Observation
    ) throws(AnalysisError) -> CompiledModel {
        var observation = observation
        observation.values.formUnion(graph.rowMasks.values)
        do {
            return try CompiledModel(self, options: .init(resources: resources, observation: observation))
        } catch { throw AnalysisError(error) }
    }
}
