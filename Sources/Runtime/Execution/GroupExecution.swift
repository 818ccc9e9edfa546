import Platform

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
    /// What goes on behind an exit, for all workers.
    let goingOn = SharedRest()

    init(
        schedule: Schedule, group: Group, workspace: Workspace, workers: Int, kernels: KernelSet,
        cancellation: Cancellation? = nil, cache: CacheAccess? = nil
    ) {
        self.schedule = schedule
        self.group = group
        self.workspace = workspace
        self.workers = workers
        self.kernels = kernels
        self.cancellation = cancellation
        self.cache = cache
        barrier = Barrier(members: workers)
        workspace.prepare(
            schedule, group, workers: workers,
            blockRows: max(
                min(group.axes.reduce(0) { max($0, $1.count) }, max(Self.blockRows, Self.fewRows * workers)), 1))
    }

    /// Runs the share of one worker; returns when the whole group is done.
    ///
    /// - Parameter wanted: Some of the segments, behind those that were run; `nil`: all.
    func run(worker: Int, segments wanted: Range<Int>? = nil) {
        for segment in schedule.segments[wanted ?? schedule.segments.indices] {
            switch segment {
            case .rows(let steps, let axis): runRows(steps, count: group.axes[axis].count, worker: worker)
            case .shape(let step): run(step, worker: worker)
            case .mask(let step): fill(step, worker: worker)
            case .attention(let step):
                if let cache, cache.store(step, self, worker: worker) { barrier.wait() }
                runAttention(step, worker: worker)
            case .pool(let step): if worker == 0 { pool(step) }
            case .exit(let step): leave(step, worker: worker)
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

    /// A register's memory, that of the first worker's block where it lives in blocks.
    func address(_ register: Register) -> (base: UnsafeMutablePointer<Float>, slot: Slot) {
        let slot = schedule.slots[register.index]
        return (workspace.base(slot, worker: 0, blockRows: 0), slot)
    }
}
