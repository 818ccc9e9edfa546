import ModelGraph

// Models of whose packed weights memory holds a part at a time.

extension CompiledModel {
    /// Runs groups through one window of the weights after the other.
    ///
    /// - Throws: `RuntimeError.cancelled`; the workspaces then hold nothing of use.
    func run(_ executions: [GroupExecution], through windows: WeightWindows) throws(RuntimeError) {
        try windows.run(with: resources) { segments in
            for execution in executions { resources.team.run { execution.run(worker: $0, segments: segments) } }
        }
    }

    /// Runs sequences, as many groups at a time as have room beside a window.
    ///
    /// - Parameter receive: Called with the groups that are done, in order.
    func run(
        _ sequences: [ModelInput], through windows: WeightWindows, receive: ([GroupExecution]) -> Void
    ) throws(RuntimeError) {
        var waiting: [Group] = []
        var bytes = 0
        func flush() throws(RuntimeError) {
            let workspaces = waiting.map { _ in borrow() }
            defer { for workspace in workspaces { giveBack(workspace) } }
            let executions = zip(waiting, workspaces).map {
                execution(of: $0, in: $1, workers: resources.threads)
            }
            waiting = []
            bytes = 0
            try run(executions, through: windows)
            receive(executions)
        }
        for range in sequences.batches(rows: options.groupTokens) {
            let group = group(sequences, range), more = byteCount(of: group)
            if !waiting.isEmpty, bytes + more > windows.limit / 2 { try flush() }
            waiting.append(group)
            bytes += more
        }
        if !waiting.isEmpty { try flush() }
    }

    /// Bytes of the rows and maps of a group.
    private func byteCount(of group: Group) -> Int {
        let rows = schedule.axes.indices.reduce(0) { sum, axis in
            sum + (schedule.units[.rows(axis: axis)] ?? 0) * group.axes[axis].count
        }
        let maps = schedule.mapSpaces.indices.reduce(0) { sum, space in
            sum + (schedule.units[.maps(space: space)] ?? 0) * group.maps[space].count
        }
        return (rows + maps) * MemoryLayout<Float>.stride
    }
}
