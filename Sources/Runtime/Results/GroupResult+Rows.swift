import ModelGraph

extension GroupResult {
    /// A sequence and its rows along the queries of an observed map.
    package func sequence(_ sequence: Sequence, alongQueriesOf head: HeadID) -> Sequence {
        guard let register = execution.schedule.maps[head],
            case .maps(let space) = execution.schedule.slots[register.index].region
        else { return sequence }
        return self.sequence(sequence.number, axis: execution.schedule.mapSpaces[space].queryAxis)
    }

    /// A sequence and its rows of the observed contexts of an attention node.
    package func sequence(_ sequence: Sequence, alongContextsOf node: String) -> Sequence {
        guard let layout = execution.schedule.contexts[node] else { return sequence }
        return self.sequence(sequence.number, axis: execution.schedule.axis(of: layout.register))
    }
}

extension CompiledModel {
    /// Rows of a sequence along an axis of the graph, without those that a mask of the inputs hides.
    package func visibleRows(of sequence: ModelInput, along rows: RowSpace) -> Int {
        let tokens = sequence.mask.isEmpty ? sequence.ids.count : sequence.mask.count { $0 }
        if rows == .tokens, schedule.readsText { return tokens }
        for input in schedule.inputs where input.layout.mask != nil && input.layout.rows == rows {
            guard let array = sequence.arrays[input.name], !array.mask.isEmpty else { continue }
            return array.mask.count { $0 }
        }
        var lengths = schedule.lengths(of: sequence)
        if schedule.readsText {
            // Hidden tokens have no row, but for a first one that is pooled.
            let isFirstHidden = schedule.needsFirst && sequence.mask.first == false
            lengths["tokens"] = tokens + (isFirstHidden ? 1 : 0)
        }
        return rows.length(lengths) ?? 0
    }
}
