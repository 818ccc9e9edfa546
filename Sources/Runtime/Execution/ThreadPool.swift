import Platform
import Synchronization

/// A fixed team of threads that run one job at a time, each with its number.
///
/// Members spin for a moment before they sleep: a short sentence takes a few milliseconds, a wake-up a noticeable part
/// of one.
///
/// `@unchecked Sendable`: the job is written under the lock before the generation is raised, and read after it was
/// seen.
final class ThreadPool: @unchecked Sendable {
    typealias Job = @Sendable (_ member: Int) -> Void

    /// Members of the team, the calling thread included.
    let count: Int
    private let state: State
    private let turn = Mutex(())

    init(count: Int) {
        state = State()
        // Where the system gives fewer threads than asked for, the team is smaller; results do not depend on it.
        var started = 1
        while started < count, state.start(started) { started += 1 }
        self.count = started
    }

    deinit { state.stop() }

    /// Runs `job` once on every member; returns when all are done. Calls from several threads wait for each other.
    func run(_ job: Job) {
        turn.withLock { _ in
            guard count > 1 else { return job(0) }
            withoutActuallyEscaping(job) { job in
                state.publish(job, followers: count - 1)
                job(0)
                state.finish()
            }
        }
    }

    private final class State: @unchecked Sendable {
        private let generation = Atomic<Int>(0)
        private let remaining = Atomic<Int>(0)
        private let isStopped = Atomic<Bool>(false)
        private var job: Job?
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>
        private let condition: UnsafeMutablePointer<pthread_cond_t>
        private static let spins = 20_000

        init() {
            mutex = .allocate(capacity: 1)
            condition = .allocate(capacity: 1)
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
            condition.deallocate()
            mutex.deallocate()
        }

        func start(_ member: Int) -> Bool {
            // The thread owns a reference to the state, so the state outlives the pool until the thread has left.
            let argument = Unmanaged.passRetained(Entry(state: self, member: member))
            #if canImport(Darwin)
            var thread: pthread_t?
            #else
            var thread = pthread_t()
            #endif
            let status = pthread_create(
                &thread, nil,
                { raw in
                    #if canImport(Darwin)
                    let entry = Unmanaged<Entry>.fromOpaque(raw).takeRetainedValue()
                    #else
                    guard let raw else { return nil }
                    let entry = Unmanaged<Entry>.fromOpaque(raw).takeRetainedValue()
                    #endif
                    entry.state.serve(entry.member)
                    return nil
                }, argument.toOpaque())
            guard status == 0 else {
                argument.release()
                return false
            }
            #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
            #else
            pthread_detach(thread)
            #endif
            return true
        }

        func publish(_ job: @escaping Job, followers: Int) {
            pthread_mutex_lock(mutex)
            self.job = job
            remaining.store(followers, ordering: .relaxed)
            generation.add(1, ordering: .releasing)
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }

        func finish() {
            var spins = 0
            while remaining.load(ordering: .acquiring) > 0 {
                spins += 1
                if spins > Self.spins { sched_yield() }
            }
            job = nil
        }

        func stop() {
            pthread_mutex_lock(mutex)
            isStopped.store(true, ordering: .relaxed)
            generation.add(1, ordering: .releasing)
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }

        /// Runs the job and lets go of it: a function of its own, so that no reference outlives the call that published
        /// the job (which must not escape).
        @inline(never)
        private func perform(as member: Int) {
            pthread_mutex_lock(mutex)
            let job = self.job
            pthread_mutex_unlock(mutex)
            job?(member)
        }

        private func serve(_ member: Int) {
            var seen = 0
            while true {
                var spins = 0
                while generation.load(ordering: .acquiring) == seen, spins < Self.spins { spins += 1 }
                pthread_mutex_lock(mutex)
                while generation.load(ordering: .acquiring) == seen { pthread_cond_wait(condition, mutex) }
                seen = generation.load(ordering: .relaxed)
                pthread_mutex_unlock(mutex)
                if isStopped.load(ordering: .relaxed) { return }
                perform(as: member)
                remaining.subtract(1, ordering: .releasing)
            }
        }
    }

    private final class Entry {
        let state: State
        let member: Int
        init(state: State, member: Int) {
            self.state = state
            self.member = member
        }
    }
}

/// A meeting point inside a job: nobody goes on before all have come.
///
/// Spins, then yields: members arrive within microseconds of each other unless the machine is oversubscribed.
final class Barrier: Sendable {
    private let members: Int
    private let arrived = Atomic<Int>(0)
    private let generation = Atomic<Int>(0)

    init(members: Int) { self.members = members }

    func wait() {
        guard members > 1 else { return }
        let current = generation.load(ordering: .acquiring)
        if arrived.add(1, ordering: .acquiringAndReleasing).newValue == members {
            arrived.store(0, ordering: .relaxed)
            generation.add(1, ordering: .releasing)
            return
        }
        var spins = 0
        while generation.load(ordering: .acquiring) == current {
            spins += 1
            if spins > 5_000 { sched_yield() }
        }
    }
}
