import Platform
import Synchronization

/// A fixed team of threads that run one job at a time, each with its number.
///
/// Its members can wait for each other inside a job (`Barrier`), so each has a thread of its own; independent tasks
/// need no team. Members spin for a moment before they sleep: a short sentence takes a few milliseconds, a wake-up a
/// noticeable part of one. The threads end with the team: `deinit` waits for them.
package final class ThreadTeam: Sendable {
    /// Most members of a team.
    package static let limit = 256

    /// Members of the team, the calling thread included.
    package let count: Int
    private let state: TeamState
    private let threads: TeamThreads
    /// Whose turn it is. Guards a number that nobody reads: a value of no size would share the address of the lock, and
    /// the thread sanitizer would take the one for the other.
    private let turn = Lock(UInt8(0))

    /// - Parameter count: Members, at most 256; `nil`: one a core. Where the system gives fewer threads the team is
    ///   smaller; results do not depend on it.
    package init(count: Int? = nil) {
        let wanted = min(max(count ?? Self.coreCount, 1), Self.limit)
        state = TeamState()
        threads = TeamThreads(state, count: wanted - 1)
        self.count = threads.count + 1
    }

    deinit {
        state.stop()
        threads.join()
    }

    /// Cores that this process may use.
    private static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Runs `job` once on every member; returns when all are done. Calls from several threads wait for each other; a
    /// job must not call its own team.
    package func run(_ job: @Sendable (_ member: Int) -> Void) {
        turn.withLock { _ in
            guard count > 1 else { return job(0) }
            withoutActuallyEscaping(job) { job in
                state.publish(job, followers: count - 1)
                job(0)
                state.finish()
            }
        }
    }
}

/// The system's threads of a team, other than the one that calls it.
///
/// `@unchecked Sendable`: the handles are written once, before the team is shared, and read by its `deinit`.
private final class TeamThreads: @unchecked Sendable {
    private var handles: [pthread_t] = []

    var count: Int { handles.count }

    init(_ state: TeamState, count: Int) {
        while handles.count < count, let handle = Self.start(state, member: handles.count + 1) {
            handles.append(handle)
        }
    }

    func join() {
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Starts one thread; `nil` where the system gives none.
    private static func start(_ state: TeamState, member: Int) -> pthread_t? {
        // The thread owns a reference to the state, so that it lives until the thread has left it.
        let argument = Unmanaged.passRetained(Entry(state: state, member: member))
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
            return nil
        }
        return thread
    }

    private final class Entry {
        let state: TeamState
        let member: Int
        init(state: TeamState, member: Int) {
            self.state = state
            self.member = member
        }
    }
}

/// What a team's threads wait for, and what they run.
///
/// `@unchecked Sendable`: the job is read and written under the lock; the other members are atomic.
package final class TeamState: @unchecked Sendable {
    package typealias Job = @Sendable (_ member: Int) -> Void

    private let generation = Atomic<Int>(0)
    private let remaining = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private var job: Job?
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private static let spins = 20_000

    package init() {
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

    package func publish(_ job: @escaping Job, followers: Int) {
        pthread_mutex_lock(mutex)
        self.job = job
        remaining.store(followers, ordering: .relaxed)
        generation.add(1, ordering: .releasing)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    package func finish() {
        var spins = 0
        while remaining.load(ordering: .acquiring) > 0 {
            spins += 1
            if spins > Self.spins { sched_yield() }
        }
        pthread_mutex_lock(mutex)
        job = nil
        pthread_mutex_unlock(mutex)
    }

    package func stop() {
        pthread_mutex_lock(mutex)
        isStopped.store(true, ordering: .relaxed)
        generation.add(1, ordering: .releasing)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Runs jobs until the team ends.
    package func serve(_ member: Int) {
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

    /// Runs the job and lets go of it: a function of its own, so that no reference outlives the call that published
    /// the job (which must not escape).
    @inline(never)
    private func perform(as member: Int) {
        pthread_mutex_lock(mutex)
        let job = self.job
        pthread_mutex_unlock(mutex)
        job?(member)
    }
}
