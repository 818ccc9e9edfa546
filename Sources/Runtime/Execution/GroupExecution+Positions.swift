import CKernels
import ModelGraph

extension GroupExecution {
    /// Calls `body` with a map that knows what positions add to the scores of one computed head.
    ///
    /// - Parameter query: Number of the head among those that compute a map.
    func withBias(of query: Int, _ share: MapShare, _ map: inout rk_map, _ body: (inout rk_map) -> Void) {
        let step = share.step, member = share.member, rows = share.rows
        switch step.bias {
        case nil: withWindowPositions(share, &map, body)
        case .slopes(let slopes):
            map.alibi_slope = slopes[query]
            withWindowPositions(share, &map, body)
        case .distances(let table, let reach):
            map.distances = UnsafePointer(table.base) + query * (2 * reach + 1) + reach
            map.reach = Int64(reach)
            withPositions(step, member, &map, body)
        case .disentangled(let tables):
            let stride = tables.stride
            let byQuery = workspace.relative(worker: share.worker), byKey = byQuery + map.queries * stride
            let panels = tables.panels(within: largestDistance(step, member))
            if let q = map.q, let k = map.k {
                tables.keys[query].multiply(
                    q + rows.lowerBound * map.ldq, stride: map.ldq, rows: rows.count, panels: panels,
                    to: byQuery + rows.lowerBound * stride, stride, with: kernels)
                tables.queries[query].multiply(
                    k, stride: map.ldk, rows: map.keys, panels: panels, to: byKey, stride, with: kernels)
            }
            map.by_query = UnsafePointer(byQuery)
            map.ldby_query = stride
            map.by_key = UnsafePointer(byKey)
            map.ldby_key = stride
            map.reach = Int64(tables.reach)
            tables.columns.withUnsafeBufferPointer { columns in
                map.columns = columns.baseAddress.map { $0 + tables.reach }
                withPositions(step, member, &map, body)
            }
        }
    }

    /// Calls `body` with a map that knows where its rows stand, where a window counts positions.
    func withWindowPositions(_ share: MapShare, _ map: inout rk_map, _ body: (inout rk_map) -> Void) {
        guard share.unit.mask.window != nil, share.step.queryAxis == share.step.keyAxis else { return body(&map) }
        withPositions(share.step, share.member, &map, body)
    }

    /// Positions of a member's queries and keys, where they are not simply their row numbers.
    private func withPositions(
        _ step: AttentionStep, _ member: Int, _ map: inout rk_map, _ body: (inout rk_map) -> Void
    ) {
        guard let positions = group.positions(axis: step.queryAxis),
            !group.isConnected(member, positions, axis: step.queryAxis)
        else { return body(&map) }
        positions.withUnsafeBufferPointer { positions in
            let start = positions.baseAddress.map { $0 + group.axes[step.queryAxis].starts[member] }
            map.query_positions = start
            map.key_positions = start
            body(&map)
        }
    }

    private func largestDistance(_ step: AttentionStep, _ member: Int) -> Int {
        let rows = group.axes[step.queryAxis].rows(of: member)
        guard let positions = group.positions(axis: step.queryAxis) else { return max(rows.count - 1, 0) }
        let own = positions[rows]
        return Int((own.max() ?? 0) - (own.min() ?? 0))
    }
}

extension Group {
    /// Whether a member's rows are keys that follow each other without a gap.
    fileprivate func isConnected(_ member: Int, _ positions: [Int32], axis: Int) -> Bool {
        let rows = axes[axis].rows(of: member)
        guard let first = rows.first else { return true }
        // Rows that only query stand elsewhere than the key beside them.
        guard keys(of: member, axis: axis) - firstPosition(of: member, axis: axis) == rows.count else { return false }
        return rows.allSatisfy { Int(positions[$0]) - Int(positions[first]) == $0 - first }
    }
}
