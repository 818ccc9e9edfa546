import ModelGraph
import Platform
import Synchronization
import Tensors

/// A model ready to run: weights packed, steps fused, memory planned.
///
/// Results do not depend on the number of threads, on batch mates, or on how sequences are grouped, to the bit.
///
/// Any number of threads may run a model at once: each call has memory of its own, and calls take turns on the model's
/// team, group by group (`run`) or call by call (`run(concurrently:)`). That memory is kept for later calls.
package final class CompiledModel: Sendable {
    /// How to compile and run.
    package struct Options: Sendable {
        /// Threads, kernels and cancellation; models that are given the same ones share the threads.
        package var resources: ExecutionResources
        /// Tokens that go through all layers together.
        package var groupTokens: Int
        /// What is handed out; `nil`: the graph's outputs.
        package var observation: Observation?

        package init(
            resources: ExecutionResources = ExecutionResources(), groupTokens: Int = 512,
            observation: Observation? = nil
        ) {
            self.resources = resources
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
    private let idle: IdleWorkspaces

    /// Compiles a model.
    ///
    /// - Throws: `RuntimeError` when the model is unsound, when a value is observed that it does not have, or when the
    ///   work is cancelled.
    /// - Complexity: One pass over the weights, which are copied into packed form.
    package init(_ model: Model, options: Options = Options()) throws(RuntimeError) {
        graph = model.graph
        var options = options
        // Later layers have fewer rows: twice as many go in, so that weights are read for as many as without merges.
        if model.graph.firstMatching != nil || !model.graph.exits.isEmpty { options.groupTokens *= 2 }
        self.options = options
        idle = IdleWorkspaces()
        schedule = try Compiler.compile(
            model, observing: options.observation ?? .outputs(of: model.graph), with: options.resources)
        let table = schedule.embedding?.positions.map { $0.count - $0.offset }
        maximumTokens = [model.traits.maximumTokens, table].compactMap { $0 }.min()
    }

    private init(_ other: CompiledModel, cancellation: Cancellation) {
        graph = other.graph
        maximumTokens = other.maximumTokens
        schedule = other.schedule
        idle = other.idle
        var options = other.options
        options.resources.cancellation = cancellation
        self.options = options
    }

    /// The same compiled model, whose runs end when `cancellation` is requested: for callers that compile once and
    /// cancel each run on its own. Weights, threads and memory are shared; costs nothing.
    package func cancelled(by cancellation: Cancellation) -> CompiledModel {
        CompiledModel(self, cancellation: cancellation)
    }

    /// How many inputs came to each exit so far, and how many left there, of all runs together; first to last.
    package var exitCounts: [(node: String, all: Int, left: Int)] {
        schedule.tallies.map { ($0.node, $0.values.all, $0.values.left) }
    }

    /// Threads, kernels and cancellation that the model runs with.
    package var resources: ExecutionResources { options.resources }

    /// Runs sequences group by group, in batch order; `receive` is called on this thread after each group.
    ///
    /// All threads work on one group at a time: for taps that need order. `run(concurrently:)` is faster for many
    /// groups.
    ///
    /// - Throws: What was wrong with the sequences, before any is run; `RuntimeError.cancelled`, after which `receive`
    ///   is not called again; or what `receive` threw.
    package func run<E: Error>(
        _ sequences: [ModelInput], receive: (GroupResult) throws(E) -> Void
    ) throws(RunFailure<E>) {
        do { try check(sequences) } catch { throw .runtime(error) }
        if let windows = schedule.windows {
            var failure: E?
            do throws(RuntimeError) {
                try run(sequences, through: windows) { executions in
                    for execution in executions where failure == nil {
                        do throws(E) { try receive(GroupResult(execution: execution)) } catch { failure = error }
                    }
                }
            } catch { throw .runtime(error) }
            if let failure { throw .receiver(failure) }
            return
        }
        let workspace = borrow()
        defer { giveBack(workspace) }
        for range in sequences.batches(rows: options.groupTokens) {
            let execution: GroupExecution
            do { execution = try run(group(sequences, range), in: workspace) } catch { throw .runtime(error) }
            do { try receive(GroupResult(execution: execution)) } catch { throw .receiver(error) }
        }
    }

    /// Runs sequences in groups, several at a time; `receive` is called on any thread, in any order, each group once.
    ///
    /// - Parameter receive: Must not run a model on the same threads: it is called while they are at work.
    /// - Throws: What was wrong with the sequences, before any is run, or `RuntimeError.cancelled`.
    package func run(
        concurrently sequences: [ModelInput], receive: @Sendable (GroupResult) -> Void
    ) throws(RuntimeError) {
        try check(sequences)
        if let windows = schedule.windows {
            return try run(sequences, through: windows) { executions in
                // Each is read by one thread.
                let next = Atomic<Int>(0)
                resources.team.run { _ in
                    while true {
                        let index = next.add(1, ordering: .relaxed).oldValue
                        guard executions.indices.contains(index) else { return }
                        receive(GroupResult(execution: executions[index]))
                    }
                }
            }
        }
        let tokens = sequences.reduce(0) { $0 + $1.rowEstimate }
        // Small batches are cut so that every thread has a part, as long as the parts are worth it.
        let team = resources.team
        let share = max((tokens + team.count - 1) / team.count, 2 * GroupExecution.fewRows)
        let ranges = sequences.batches(rows: min(options.groupTokens, share))
        if ranges.count < team.count {
            let workspace = borrow()
            defer { giveBack(workspace) }
            for range in ranges {
                receive(GroupResult(execution: try run(group(sequences, range), in: workspace)))
            }
            return
        }
        let next = Atomic<Int>(0)
        team.run { _ in
            let workspace = borrow()
            defer { giveBack(workspace) }
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < ranges.count else { return }
                let execution = execution(of: group(sequences, ranges[index]), in: workspace, workers: 1)
                execution.run(worker: 0)
                // What a cancelled group leaves is not its result.
                if resources.isCancelled { return }
                receive(GroupResult(execution: execution))
            }
        }
        try resources.checkCancellation()
    }

    func group(_ sequences: [ModelInput], _ range: Range<Int>) -> Group {
        Group(sequences, range: range, schedule: schedule)
    }

    func execution(
        of group: Group, in workspace: Workspace, workers: Int, cache: CacheAccess? = nil
    ) -> GroupExecution {
        GroupExecution(
            schedule: schedule, group: group, workspace: workspace, workers: workers, kernels: resources.kernels,
            cancellation: resources.cancellation, cache: cache)
    }

    /// Runs a group on all threads.
    ///
    /// - Throws: `RuntimeError.cancelled`; the workspace then holds nothing of use.
    func run(
        _ group: Group, in workspace: Workspace, cache: CacheAccess? = nil
    ) throws(RuntimeError) -> GroupExecution {
        let execution = execution(of: group, in: workspace, workers: resources.threads, cache: cache)
        if let windows = schedule.windows {
            try run([execution], through: windows)
        } else {
            resources.team.run { execution.run(worker: $0) }
            try resources.checkCancellation()
        }
        return execution
    }

    /// Bytes that are laid out for kept maps when a sequence runs alone: what `Cost.liveMapBytes` foretells, with rows
    /// rounded up to whole panels of keys.
    package func keptMapBytes(for sequence: ModelInput) throws(RuntimeError) -> Int {
        try check([sequence])
        let group = group([sequence], 0..<1)
        return schedule.mapSpaces.indices.reduce(0) { total, space in
            total + (schedule.units[.maps(space: space)] ?? 0) * group.maps[space].count * MemoryLayout<Float>.stride
        }
    }

    /// Rows of each named axis of a sequence.
    package func lengths(of sequence: ModelInput) -> [String: Int] { schedule.lengths(of: sequence) }

    func borrow() -> Workspace { idle.list.withLock { $0.popLast() } ?? Workspace() }
    func giveBack(_ workspace: Workspace) { idle.list.withLock { $0.append(workspace) } }

    /// Checks everything about the inputs that could lead a kernel outside its tables.
    package func check(_ sequences: [ModelInput]) throws(RuntimeError) {
        let embeddings = graph.textEmbeddings
        let arrays = InputCheck(graph: graph, schedule: schedule)
        if let size = schedule.batchSize, sequences.count != size {
            throw .wrongInput(
                index: 0, name: graph.inputs.first ?? "input",
                message: "the model takes batches of \(size) sequences, this one has \(sequences.count)")
        }
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
        try checkMemory(for: sequences)
    }
}

/// Memory of earlier runs, for later ones.
private final class IdleWorkspaces: Sendable {
    let list = Lock<[Workspace]>([])
}

/// Why a run ended early: the runtime's own reason, or the receiver's.
package enum RunFailure<Receiver: Error>: Error {
    case runtime(RuntimeError)
    case receiver(Receiver)
}
