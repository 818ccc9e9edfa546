import Platform
import CKernels
import ModelGraph
import Synchronization
import Tensors

/// A model ready to run: weights packed, steps fused, memory planned.
///
/// Results do not depend on the number of threads, on batch mates, or on how sequences are grouped, to the bit.
package final class CompiledModel: Sendable {
    /// How to compile and run.
    package struct Options: Sendable {
        /// Threads; `nil`: one a core.
        package var threads: Int?
        /// Tokens that go through all layers together.
        package var groupTokens: Int
        /// What is handed out; `nil`: the graph's outputs.
        package var observation: Observation?

        package init(threads: Int? = nil, groupTokens: Int = 512, observation: Observation? = nil) {
            self.threads = threads
            self.groupTokens = groupTokens
            self.observation = observation
        }
    }

    /// The graph that is executed.
    package let graph: CheckedGraph
    /// Longest sequence, special tokens included; `nil`: unlimited.
    package let maximumTokens: Int?
    let schedule: Schedule
    let options: Options
    let pool: ThreadPool
    private let idle = Mutex<[Workspace]>([])

    /// Compiles a model.
    ///
    /// - Throws: `RuntimeError` when the model is unsound or a value is observed that it does not have.
    /// - Complexity: One pass over the weights, which are copied into packed form.
    package init(_ model: Model, options: Options = Options()) throws(RuntimeError) {
        try KernelSet.select()
        graph = model.graph
        self.options = options
        pool = Teams.team(of: options.threads ?? Teams.coreCount)
        schedule = try Compiler.compile(
            model, observing: options.observation ?? .outputs(of: model.graph), pool: pool)
        let table = schedule.embedding?.positions.map { $0.count - $0.offset }
        maximumTokens = [model.traits.maximumTokens, table].compactMap { $0 }.min()
    }

    /// Threads that the model runs on.
    package var threadCount: Int { pool.count }

    /// Runs sequences group by group, in batch order; `receive` is called on this thread after each group.
    ///
    /// All threads work on one group at a time: for taps that need order. `run(concurrently:)` is faster for many
    /// groups.
    package func run<E: Error>(
        _ sequences: [ModelInput], receive: (GroupResult) throws(E) -> Void
    ) throws(RunFailure<E>) {
        do { try check(sequences) } catch { throw .runtime(error) }
        let workspace = borrow()
        defer { giveBack(workspace) }
        for range in Group.cut(sequences, limit: options.groupTokens) {
            let execution = execution(of: sequences, range, workspace, workers: pool.count)
            pool.run { execution.run(worker: $0) }
            do { try receive(GroupResult(execution: execution)) } catch { throw .receiver(error) }
        }
    }

    /// Runs sequences in groups, several at a time; `receive` is called on any thread, in any order, each group once.
    package func run(
        concurrently sequences: [ModelInput], receive: @Sendable (GroupResult) -> Void
    ) throws(RuntimeError) {
        try check(sequences)
        let tokens = sequences.reduce(0) { $0 + $1.rowEstimate }
        // Small batches are cut so that every thread has a part, as long as the parts are worth it.
        let share = max((tokens + pool.count - 1) / pool.count, 2 * GroupExecution.fewRows)
        let ranges = Group.cut(sequences, limit: min(options.groupTokens, share))
        if ranges.count < pool.count {
            let workspace = borrow()
            defer { giveBack(workspace) }
            for range in ranges {
                let execution = execution(of: sequences, range, workspace, workers: pool.count)
                pool.run { execution.run(worker: $0) }
                receive(GroupResult(execution: execution))
            }
            return
        }
        let next = Atomic<Int>(0)
        pool.run { _ in
            let workspace = borrow()
            defer { giveBack(workspace) }
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < ranges.count else { return }
                let execution = execution(of: sequences, ranges[index], workspace, workers: 1)
                execution.run(worker: 0)
                receive(GroupResult(execution: execution))
            }
        }
    }

    private func execution(
        of sequences: [ModelInput], _ range: Range<Int>, _ workspace: Workspace, workers: Int
    ) -> GroupExecution {
        let group = Group(sequences, range: range, schedule: schedule)
        return GroupExecution(schedule: schedule, group: group, workspace: workspace, workers: workers)
    }

    func borrow() -> Workspace { idle.withLock { $0.popLast() } ?? Workspace() }
    func giveBack(_ workspace: Workspace) { idle.withLock { $0.append(workspace) } }

    /// Checks everything about the inputs that could lead a kernel outside its tables.
    func check(_ sequences: [ModelInput]) throws(RuntimeError) {
        let embeddings = graph.nodes.compactMap { node in
            if case .embedding(let embedding) = node.operation, graph.inputLayouts[node.inputs.first ?? ""] == nil {
                embedding
            } else {
                nil
            }
        }
        let arrays = InputCheck(graph: graph, schedule: schedule)
        for (index, sequence) in sequences.enumerated() {
            try arrays.check(sequence, index: index)
            guard sequence.types.isEmpty || sequence.types.count == sequence.ids.count,
                sequence.mask.isEmpty || sequence.mask.count == sequence.ids.count
            else { throw .raggedSequence(index: index) }
            for embedding in embeddings {
                if let id = sequence.ids.first(where: { $0 < 0 || $0 >= embedding.vocabulary }) {
                    throw .idOutOfRange(index: index, id: Int(id), limit: embedding.vocabulary, what: "token id")
                }
                if embedding.types > 0, let type = sequence.types.first(where: { $0 < 0 || $0 >= embedding.types }) {
                    throw .idOutOfRange(index: index, id: Int(type), limit: embedding.types, what: "type id")
                }
                if let positions = embedding.positions,
                    sequence.numbering(positions, paddingID: embedding.paddingID).contains(where: {
                        $0 < 0 || $0 >= positions.count
                    })
                {
                    throw .sequenceTooLong(
                        index: index, tokens: sequence.ids.count, limit: positions.count - positions.offset)
                }
            }
        }
    }
}

/// Why a run ended early: the runtime's own reason, or the receiver's.
package enum RunFailure<Receiver: Error>: Error {
    case runtime(RuntimeError)
    case receiver(Receiver)
}

/// Teams of threads, shared by all compiled models of a process.
enum Teams {
    /// Cores that this process may use.
    static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    private static let teams = Mutex<[Int: ThreadPool]>([:])

    static func team(of count: Int) -> ThreadPool {
        let count = min(max(count, 1), 256)
        return teams.withLock { teams in
            if let team = teams[count] { return team }
            let team = ThreadPool(count: count)
            teams[count] = team
            return team
        }
    }
}
