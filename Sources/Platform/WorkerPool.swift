import Synchronization

/// Threads that help with independent tasks: as many as the machine has cores but one, started when there is work, gone
/// after a moment without.
///
/// The caller works too, and waits only for helpers that are at work. So fewer threads than wanted, or none, make work
/// slower and never stop it; Dispatch waits for ever for a thread that the system does not give.
///
/// `@unchecked Sendable`: the lists are read and written under the lock.
final class WorkerPool: @unchecked Sendable {
    static let shared = WorkerPool()

    /// Cores that this process may use.
    static let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Tasks that are given out one by one.
    final class Job: @unchecked Sendable {
        private let tasks: Int
        private let next = Atomic<Int>(0)
        /// Read by those at work, cleared when none is any more: the closure must not outlive the call that brought it.
        private var body: (@Sendable (Int) -> Void)?
        /// Helpers that may still come, and those at work; under the lock of the pool.
        fileprivate var places: Int
        fileprivate var active = 0

        init(tasks: Int, helpers: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.tasks = tasks
            self.body = body
            places = helpers
        }

        /// Does tasks until none is left. Not inlined: no reference to the closure outlives the call.
        @inline(never)
        func work() {
            guard let body else { return }
            while true {
                let task = next.add(1, ordering: .relaxed).oldValue
                guard task < tasks else { return }
                body(task)
            }
        }

        fileprivate func clear() { body = nil }
    }

    private var open: [Job] = []
    private var idle = 0, total = 0
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// Something is open; a helper has left a job.
    private let offered: UnsafeMutablePointer<pthread_cond_t>, left: UnsafeMutablePointer<pthread_cond_t>

    /// A helper without work goes after so many seconds.
    private static let patience = 2
    /// What tasks are: loops over numbers, and compression, which has its memory elsewhere.
    private static let stackSize = 2 << 20

    private init() {
        mutex = .allocate(capacity: 1)
        offered = .allocate(capacity: 1)
        left = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(offered, nil)
        pthread_cond_init(left, nil)
    }

    /// Does all tasks of a job, with helpers where there are any.
    func run(_ job: Job) {
        offer(job)
        job.work()
        pthread_mutex_lock(mutex)
        open.removeAll { $0 === job }
        while job.active > 0 { pthread_cond_wait(left, mutex) }
        pthread_mutex_unlock(mutex)
        job.clear()
    }

    private func offer(_ job: Job) {
        pthread_mutex_lock(mutex)
        open.append(job)
        let starting = min(job.places - idle, Self.cores - 1 - total)
        total += max(starting, 0)
        pthread_cond_broadcast(offered)
        pthread_mutex_unlock(mutex)
        for started in 0..<max(starting, 0) {
            guard !SystemThread.start(stackSize: Self.stackSize, { self.help() }) else { continue }
            pthread_mutex_lock(mutex)
            total -= starting - started
            pthread_mutex_unlock(mutex)
            return
        }
    }

    /// What a thread of the pool does.
    private func help() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let job = open.first {
                job.places -= 1
                if job.places == 0 { open.removeFirst() }
                job.active += 1
                pthread_mutex_unlock(mutex)
                job.work()
                pthread_mutex_lock(mutex)
                job.active -= 1
                if job.active == 0 { pthread_cond_broadcast(left) }
            } else {
                idle += 1
                var end = timespec()
                clock_gettime(CLOCK_REALTIME, &end)
                end.tv_sec += Self.patience
                let status = pthread_cond_timedwait(offered, mutex, &end)
                idle -= 1
                if status == ETIMEDOUT, open.isEmpty {
                    total -= 1
                    return
                }
            }
        }
    }
}
