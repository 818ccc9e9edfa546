import CKernels
import ModelGraph
import Platform
import Tensors

/// One group on its way through the schedule, by one worker or several.
///
/// Workers share the rows: each takes whole blocks of rows through all steps of a segment and meets the others only at
/// its end. A group with few rows is shared by output columns instead, so that each weight is read by one worker only.
struct GroupExecution: Sendable {
    /// Rows that go through a segment together: wide activations of so many rows stay in the second-level cache.
    static let blockRows = 128
    /// Fewer rows a worker than this are shared by columns.
    static let fewRows = 48

    let schedule: Schedule
    let group: Group
    let workspace: Workspace
    let workers: Int
    let barrier: Barrier
    let kernels: KernelSet
    /// Once it is requested nothing more is computed: workers still meet, and what they leave has no meaning.
    let cancellation: Cancellation?
    /// Where keys and values are kept for later runs; `nil`: nowhere.
    let cache: CacheAccess?

    init(
        schedule: Schedule, group: Group, workspace: Workspace, workers: Int, kernels: KernelSet,
        cancellation: Cancellation? = nil, cache: CacheAccess? = nil
    ) {
        self.kernels = kernels
        self.cancellation = cancellation
        self.cache = cache
        self.schedule = schedule
        self.group = group
        self.workspace = workspace
        self.workers = workers
        barrier = Barrier(members: workers)
        workspace.prepare(
            schedule, group, workers: workers,
            blockRows: max(
                min(group.axes.reduce(0) { max($0, $1.count) }, max(Self.blockRows, Self.fewRows * workers)), 1))
    }

    /// Runs the share of one worker; returns when the whole group is done.
    func run(worker: Int) {
        for segment in schedule.segments {
            switch segment {
            case .rows(let steps, let axis): runRows(steps, count: group.axes[axis].count, worker: worker)
            case .shape(let step): run(step, worker: worker)
            case .mask(let step): fill(step, worker: worker)
            case .attention(let step):
                if let cache, cache.store(step, self, worker: worker) { barrier.wait() }
                attend(step, worker: worker)
            case .pool(let step): if worker == 0 { pool(step) }
            }
            barrier.wait()
        }
    }

    /// Whether the work should end. Asked before each piece of work, never around a meeting of the workers: one of them
    /// may see the request before the others do.
    var isCancelled: Bool { cancellation?.isRequested ?? false }

    private func runRows(_ steps: [RowStep], count: Int, worker: Int) {
        if workers > 1, count < Self.fewRows * workers {
            // Block registers live in the first worker's memory: all share them.
            let share = RowShare(rows: 0..<count, owner: 0, blockRows: count, part: worker, parts: workers)
            for step in steps {
                if !isCancelled { execute(step, share) }
                barrier.wait()
            }
            return
        }
        let blocks = max(workers, (count + Self.blockRows - 1) / Self.blockRows + workers - 1) / workers * workers
        for block in stride(from: worker, to: blocks, by: workers) {
            let rows = count * block / blocks..<count * (block + 1) / blocks
            guard !rows.isEmpty else { continue }
            let share = RowShare(rows: rows, owner: worker, blockRows: rows.count, part: 0, parts: 1)
            for step in steps where !isCancelled { execute(step, share) }
        }
    }

    // MARK: Attention

    private func attend(_ step: AttentionStep, worker: Int) {
        // Whole sequences where there are enough of them, else rows of each: maps are independent row by row.
        let bySequence = group.members.count >= 4 * workers || workers == 1
        if !bySequence, group.continuing != nil { return attendByMap(step, worker: worker) }
        for member in group.members.indices {
            let queries = group.axes[step.queryAxis].rows(of: member).count
            guard queries > 0 else { continue }
            if bySequence {
                guard member % workers == worker else { continue }
                attend(step, member, 0..<queries, worker: worker)
            } else {
                let rows = step.mask.cut(queries, part: worker, of: workers)
                guard !rows.isEmpty else { continue }
                attend(step, member, rows, worker: worker)
            }
        }
    }

    /// Query rows that go through all borrowing heads together: several of them read the same maps, and so many rows of
    /// a long map stay in the second-level cache.
    private static let borrowedRows = 64

    /// All maps of some query rows of one sequence: those made of scores first, others may read them.
    private func attend(_ step: AttentionStep, _ member: Int, _ rows: Range<Int>, worker: Int) {
        for unit in step.units where unit.isComputed { attend(unit, step, member, rows, worker: worker) }
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.borrowedRows) {
            let part = start..<min(start + Self.borrowedRows, rows.upperBound)
            for unit in step.units where !unit.isComputed { attend(unit, step, member, part, worker: worker) }
        }
    }

    /// Shares single maps: sequences that go on have a row each.
    private func attendByMap(_ step: AttentionStep, worker: Int) {
        var number = 0
        func attend(where isChosen: (AttentionStep.Unit) -> Bool) {
            for member in group.members.indices {
                let queries = group.axes[step.queryAxis].rows(of: member).count
                for unit in step.units where queries > 0 && isChosen(unit) {
                    if number % workers == worker { self.attend(unit, step, member, 0..<queries, worker: worker) }
                    number += 1
                }
            }
        }
        attend { $0.isComputed }
        guard step.units.contains(where: { !$0.isComputed }) else { return }
        // Heads that borrow may read maps of this very step.
        barrier.wait()
        attend { !$0.isComputed }
    }

    func address(_ register: Register) -> (base: UnsafeMutablePointer<Float>, slot: Slot) {
        let slot = schedule.slots[register.index]
        return (workspace.base(slot, worker: 0, blockRows: 0), slot)
    }

    private func attend(
        _ unit: AttentionStep.Unit, _ step: AttentionStep, _ member: Int, _ rows: Range<Int>, worker: Int
    ) {
        if isCancelled { return }
        let queryRows = group.axes[step.queryAxis], keyRows = group.axes[step.keyAxis]
        let start = queryRows.starts[member], keyStart = keyRows.starts[member]
        let mapOffset = group.mapOffsets[step.space][member]
        let mapStride = group.mapStride(member, keyAxis: step.keyAxis)
        var map = rk_map()
        map.queries = queryRows.rows(of: member).count
        map.keys = group.keys(of: member, axis: step.keyAxis)
        map.head_size = step.headSize
        map.softcap = step.softCap
        // What is added to the scores holds the causal mask; patterns know only this one.
        if step.added == nil || unit.hasPatterns {
            map.causal = step.mask.isCausal ? 1 : 0
            map.window = step.mask.window ?? 0
        }
        if let added = step.added {
            map.mask = UnsafePointer(address(added).base + mapOffset)
            map.ldmask = mapStride
        }
        map.scratch = workspace.scratch(worker: worker)
        if let keep = unit.keep {
            map.keep = address(keep).base + mapOffset
            map.ldkeep = mapStride
        }
        let headMajor = { (register: Register, head: Int, size: Int, rows: Group.AxisRows, start: Int) in
            UnsafePointer(address(register).base + head * size * rows.count + start * size)
        }
        let cached = cache?.entry(of: step, member: member)
        let context = address(step.context)
        let contextRow = context.base + start * context.slot.stride
        // Small lists on the stack: a node has few heads.
        withUnsafeTemporaryAllocation(of: rk_consumer.self, capacity: max(unit.consumers.count, 1)) { consumers in
            for (index, consumer) in unit.consumers.enumerated() {
                consumers.initializeElement(
                    at: index,
                    to: rk_consumer(
                        v: cached?.values(consumer.value)
                            ?? headMajor(
                                step.value, step.valueOffset + consumer.value, step.valueSize, keyRows, keyStart),
                        ldv: step.valueSize,
                        width: step.valueSize, out: contextRow + consumer.column, ldo: context.slot.stride))
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
                    withBias(step, query: query, member, rows, worker: worker, &map) {
                        rk_attention(kernels.table, &$0, rows.lowerBound, rows.upperBound)
                    }
                case .terms(let terms):
                    withUnsafeTemporaryAllocation(of: rk_term.self, capacity: max(terms.count, 1)) { list in
                        for (index, term) in terms.enumerated() {
                            list.initializeElement(
                                at: index,
                                to: rk_term(
                                    kind: term.pattern?.kernel ?? Int32(RK_TERM_MAP.rawValue), weight: term.weight,
                                    map: term.map.map { UnsafePointer(address($0).base + mapOffset) },
                                    ldmap: mapStride))
                        }
                        map.terms = UnsafePointer(list.baseAddress)
                        map.term_count = terms.count
                        rk_attention(kernels.table, &map, rows.lowerBound, rows.upperBound)
                    }
                }
            }
        }
    }

    // MARK: Pooling

    private func pool(_ step: PoolStep) {
        let source = address(step.input), target = address(step.out)
        let axis = axis(of: step.input)
        for member in group.members.indices {
            let start = group.axes[axis].starts[member]
            let out = target.base + member * target.slot.stride
            let rows = source.base + start * source.slot.stride
            if let mask = step.mask {
                let mask = address(mask)
                Pooling.apply(
                    step.pooling, rows: rows, stride: source.slot.stride, width: source.slot.width,
                    count: group.axes[axis].rows(of: member).count, mask: mask.base + start * mask.slot.stride,
                    maskStride: mask.slot.stride, out, kernels)
            } else {
                Pooling.apply(
                    step.pooling, rows: rows, stride: source.slot.stride, width: source.slot.width,
                    keys: group.keys(of: member, axis: axis), first: group.first(of: member, axis: axis), out,
                    kernels)
            }
        }
    }

    /// The axis that a register's rows lie along.
    func axis(of register: Register) -> Int {
        if case .rows(let axis) = schedule.slots[register.index].region { axis } else { Schedule.tokenAxis }
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

extension AttentionStep.Unit {
    /// Whether the map is made of scores.
    var isComputed: Bool { if case .computed = origin { true } else { false } }

    /// Whether static patterns have a part in the map.
    var hasPatterns: Bool {
        if case .terms(let terms) = origin { terms.contains { $0.pattern != nil } } else { false }
    }
}

extension Group {
    /// Row of a member's first position within the member.
    func first(of member: Int, axis: Int) -> Int? {
        axis == Schedule.tokenAxis ? members[member].first : axes[axis].rows(of: member).isEmpty ? nil : 0
    }
}

extension Pooling {
    /// Pools the rows of one sequence; zeros when no row counts.
    static func apply(
        _ pooling: Pooling, rows: UnsafePointer<Float>, stride: Int, width: Int, keys: Int, first: Int?,
        _ out: UnsafeMutablePointer<Float>, _ kernels: KernelSet
    ) {
        func copy(_ row: Int?) {
            if let row {
                out.update(from: rows + row * stride, count: width)
            } else {
                out.update(repeating: 0, count: width)
            }
        }
        switch pooling {
        case .first: copy(first ?? (keys > 0 ? 0 : nil))
        case .last: copy(keys > 0 ? keys - 1 : nil)
        case .mean: keys > 0 ? rk_mean_rows(kernels.table, rows, stride, keys, width, out) : copy(nil)
        case .max:
            copy(keys > 0 ? 0 : nil)
            for row in 0..<keys {
                for column in 0..<width { out[column] = Swift.max(out[column], rows[row * stride + column]) }
            }
        }
    }

    /// Pools the rows that a mask shows; zeros when it shows none.
    static func apply(
        _ pooling: Pooling, rows: UnsafePointer<Float>, stride: Int, width: Int, count: Int,
        mask: UnsafePointer<Float>, maskStride: Int, _ out: UnsafeMutablePointer<Float>,
        _ kernels: KernelSet
    ) {
        var shown = 0
        for row in 0..<count where mask[row * maskStride] != 0 {
            let source = rows + row * stride
            if shown == 0 {
                out.update(from: source, count: width)
            } else if pooling == .max {
                for column in 0..<width { out[column] = Swift.max(out[column], source[column]) }
            } else {
                rk_add(kernels.table, out, source, width, out)
            }
            shown += 1
        }
        if shown == 0 { out.update(repeating: 0, count: width) }
        if shown > 1, pooling == .mean {
            for column in 0..<width { out[column] /= Float(shown) }
        }
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
