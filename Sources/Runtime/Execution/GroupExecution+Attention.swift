import CKernels
import ModelGraph

/// Some query rows of one map of one sequence, which one worker computes.
struct MapShare {
    let step: AttentionStep
    let unit: AttentionStep.Unit
    let member: Int
    /// Numbers of the query rows within the member.
    let rows: Range<Int>
    let worker: Int
}

extension GroupExecution {
    /// Query rows that go through all borrowing heads together: several of them read the same maps, and so many rows of
    /// a long map stay in the second-level cache.
    private static let borrowedRows = 64

    /// Computes a worker's share of all maps of a node, and what reads them.
    func runAttention(_ step: AttentionStep, worker: Int) {
        // Whole sequences where there are enough of them, else rows of each: maps are independent row by row.
        let bySequence = group.members.count >= 4 * workers || workers == 1
        if !bySequence, group.continuing != nil { return shareMaps(step, worker: worker) }
        for member in group.members.indices {
            let queries = group.axes[step.queryAxis].rows(of: member).count
            guard queries > 0 else { continue }
            if bySequence {
                guard member % workers == worker else { continue }
                computeMaps(step, member, 0..<queries, worker: worker)
            } else {
                let rows = step.mask.cut(queries, part: worker, of: workers)
                guard !rows.isEmpty else { continue }
                computeMaps(step, member, rows, worker: worker)
            }
        }
    }

    /// All maps of some query rows of one sequence: those made of scores first, others may read them.
    private func computeMaps(_ step: AttentionStep, _ member: Int, _ rows: Range<Int>, worker: Int) {
        for unit in step.units where unit.isComputed {
            compute(MapShare(step: step, unit: unit, member: member, rows: rows, worker: worker))
        }
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.borrowedRows) {
            let part = start..<min(start + Self.borrowedRows, rows.upperBound)
            for unit in step.units where !unit.isComputed {
                compute(MapShare(step: step, unit: unit, member: member, rows: part, worker: worker))
            }
        }
    }

    /// Shares single maps among the workers: sequences that go on have a row each.
    private func shareMaps(_ step: AttentionStep, worker: Int) {
        var number = 0
        func computeShare(where isChosen: (AttentionStep.Unit) -> Bool) {
            for member in group.members.indices {
                let queries = group.axes[step.queryAxis].rows(of: member).count
                for unit in step.units where queries > 0 && isChosen(unit) {
                    if number % workers == worker {
                        compute(MapShare(step: step, unit: unit, member: member, rows: 0..<queries, worker: worker))
                    }
                    number += 1
                }
            }
        }
        computeShare { $0.isComputed }
        guard step.units.contains(where: { !$0.isComputed }) else { return }
        // Heads that borrow may read maps of this very step.
        barrier.wait()
        computeShare { !$0.isComputed }
    }

    /// Computes rows of one map and its products with values.
    private func compute(_ share: MapShare) {
        if isCancelled { return }
        let step = share.step, unit = share.unit, member = share.member
        let queryRows = group.axes[step.queryAxis], keyRows = group.axes[step.keyAxis]
        let start = queryRows.starts[member], keyStart = keyRows.starts[member]
        var map = map(of: share)
        // A function: a closure that is kept would keep a copy of the whole execution.
        func headMajor(
            _ register: Register, _ head: Int, _ size: Int, _ rows: AxisRows, _ start: Int
        ) -> UnsafePointer<Float> {
            UnsafePointer(address(register).base + head * size * rows.count + start * size)
        }
        let cached = cache?.entry(of: step, member: member)
        let context = address(step.context)
        let contextRow = context.base + start * context.slot.stride
        // Small lists on the stack: a node has few heads.
        withUnsafeTemporaryAllocation(of: rk_consumer.self, capacity: max(unit.consumers.count, 1)) { consumers in
            for (index, consumer) in unit.consumers.enumerated() {
                let values =
                    cached?.values(consumer.value)
                    ?? headMajor(step.value, step.valueOffset + consumer.value, step.valueSize, keyRows, keyStart)
                consumers.initializeElement(
                    at: index,
                    to: rk_consumer(
                        v: values, ldv: step.valueSize, width: step.valueSize, out: contextRow + consumer.column,
                        ldo: context.slot.stride))
            }
            map.consumers = UnsafePointer(consumers.baseAddress)
            map.consumer_count = unit.consumers.count
            group.keyPositions(axis: step.queryAxis).withPointer(from: start) { positions in
                map.position = positions
                switch unit.origin {
                case .computed(let query, let key):
                    map.q = headMajor(step.query, step.queryOffset + query, step.headSize, queryRows, start)
                    map.ldq = step.headSize
                    if let cached {
                        map.packed_keys = cached.keys(key)
                    } else {
                        map.k = headMajor(step.key, step.keyOffset + key, step.headSize, keyRows, keyStart)
                        map.ldk = step.headSize
                    }
                    if let additive = step.additive { compare(by: additive, share, &map) }
                    withBias(of: query, share, &map) {
                        rk_attention(kernels.table, &$0, share.rows.lowerBound, share.rows.upperBound)
                    }
                case .terms(let terms): compute(terms, share, &map)
                }
            }
        }
    }

    /// Makes the scores of a share's rows that are no products, and has the kernel take them as they are.
    private func compare(by additive: AdditiveScores, _ share: MapShare, _ map: inout rk_map) {
        guard let queries = map.q, let keys = map.k else { return }
        let step = share.step
        let stride = group.mapStride(share.member, keyAxis: step.keyAxis)
        let scores = address(additive.scores).base + group.maps[step.space].offsets[share.member]
        rk_additive_scores(
            kernels.table, queries, map.ldq, keys, map.ldk, step.headSize, additive.weights.base, map.keys,
            share.rows.lowerBound, share.rows.upperBound, scores, stride)
        map.bias = UnsafePointer(scores)
        map.ldb = stride
        // Products over no columns are 0.
        map.head_size = 0
    }

    /// What the kernel is told of a map whatever it is made of and whichever heads read it.
    private func map(of share: MapShare) -> rk_map {
        let step = share.step, unit = share.unit, member = share.member
        let offset = group.maps[step.space].offsets[member]
        let stride = group.mapStride(member, keyAxis: step.keyAxis)
        var map = rk_map()
        map.queries = group.axes[step.queryAxis].rows(of: member).count
        map.keys = group.keys(of: member, axis: step.keyAxis)
        map.head_size = step.headSize
        map.softcap = step.softCap
        map.causal = unit.mask.isCausal ? 1 : 0
        map.window = unit.mask.window ?? 0
        if let added = step.added {
            map.mask = UnsafePointer(address(added).base + offset)
            map.ldmask = stride
        }
        map.hard = unit.isHard ? 1 : 0
        if step.isRounded { map.rounded = UnsafePointer(kernels.table.pointee.bfloat) }
        map.scratch = workspace.scratch(worker: share.worker)
        if let keep = unit.keep {
            map.keep = address(keep).base + offset
            map.ldkeep = stride
        }
        return map
    }

    /// Computes a map that is a sum of kept maps and patterns.
    private func compute(_ terms: [AttentionStep.Term], _ share: MapShare, _ map: inout rk_map) {
        let offset = group.maps[share.step.space].offsets[share.member]
        let stride = group.mapStride(share.member, keyAxis: share.step.keyAxis)
        withUnsafeTemporaryAllocation(of: rk_term.self, capacity: max(terms.count, 1)) { list in
            for (index, term) in terms.enumerated() {
                list.initializeElement(
                    at: index,
                    to: rk_term(
                        kind: term.pattern?.kernel ?? Int32(RK_TERM_MAP.rawValue), weight: term.weight,
                        map: term.map.map { UnsafePointer(address($0).base + offset) }, ldmap: stride))
            }
            map.terms = UnsafePointer(list.baseAddress)
            map.term_count = terms.count
            withWindowPositions(share, &map) {
                rk_attention(kernels.table, &$0, share.rows.lowerBound, share.rows.upperBound)
            }
        }
    }
}

extension Attention.Mask {
    /// A worker's part of the query rows of a sequence, none of which is kept from earlier runs.
    ///
    /// Under a causal mask row after row sees one key more: parts are cut so that all have the same work.
    fileprivate func cut(_ rows: Int, part: Int, of parts: Int) -> Range<Int> {
        func start(_ part: Int) -> Int {
            guard isCausal, window == nil, part < parts else { return rows * part / parts }
            return Int(Double(rows) * (Double(part) / Double(parts)).squareRoot())
        }
        return start(part)..<start(part + 1)
    }
}

extension StaticPattern {
    var kernel: Int32 {
        let value =
            switch self {
            case .identity: RK_TERM_IDENTITY
            case .previous: RK_TERM_PREVIOUS
            case .next: RK_TERM_NEXT
            case .first: RK_TERM_FIRST
            case .mean: RK_TERM_MEAN
            }
        return Int32(bitPattern: value.rawValue)
    }
}

extension Optional<[Int32]> {
    /// Calls `body` with a pointer to the elements from `start` on, or with `nil`.
    fileprivate func withPointer(from start: Int, _ body: (UnsafePointer<Int32>?) -> Void) {
        guard let array = self else { return body(nil) }
        array.withUnsafeBufferPointer { body($0.baseAddress.map { $0 + start }) }
    }
}
