import ModelGraph
import Platform
import Runtime
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite("Resources that a model is given")
struct ResourcesTests {
    private let sequences = randomSequences([3, 90, 7, 64, 1, 33, 12, 90], masked: false, seed: 5)

    private func model(isCausal: Bool = false) throws -> Model {
        var shape = EncoderShape.computed(layers: 3)
        shape.mask = Attention.Mask(isCausal: isCausal)
        return try Model.random(shape, seed: 5)
    }

    private func outputs(_ model: CompiledModel) throws -> [Float] {
        try model.vectors(of: try #require(model.graph.value(ofOutput: "logits")), for: sequences).floats
    }

    // MARK: Threads

    #if os(Linux)
    /// The system's names of a team's threads.
    private func names(of team: ThreadTeam) -> Set<String> {
        let names = Lock<Set<String>>([])
        team.run { _ in
            var buffer = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/thread-self", &buffer, buffer.count)
            let name = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            names.withLock { _ = $0.insert("/proc/" + name) }
        }
        return names.withLock(\.self)
    }

    @Test("threads end with the last model that was compiled with them")
    func end() throws {
        var names: Set<String> = []
        do {
            let compiled = try CompiledModel(try model(), options: .init(resources: .init(threads: 4)))
            _ = try outputs(compiled)
            names = self.names(of: compiled.resources.team)
            #expect(names.count == 4)
        }
        // All but the thread that calls, which the system may take a moment to forget.
        names.subtract(self.names(of: ThreadTeam(count: 1)))
        func remaining() -> Set<String> { names.filter { access($0, F_OK) == 0 } }
        for _ in 0..<1_000 where !remaining().isEmpty { usleep(1_000) }
        #expect(remaining() == [])
    }

    @Test("models with the same resources share their threads, others do not")
    func sharing() throws {
        let resources = ExecutionResources(threads: 3)
        let model = try model()
        let one = try CompiledModel(model, options: .init(resources: resources))
        let other = try CompiledModel(model, options: .init(resources: resources))
        let apart = try CompiledModel(model, options: .init(resources: .init(threads: 3)))
        let threads = names(of: one.resources.team)
        #expect(threads == names(of: other.resources.team))
        // The thread that calls belongs to every team.
        #expect(threads.intersection(names(of: apart.resources.team)).count == 1)
    }
    #endif

    @Test("eight callers of one model at once get what each gets alone", arguments: [1, 3])
    func concurrentCallers(_ threads: Int) throws {
        let compiled = try CompiledModel(try model(), options: .init(resources: .init(threads: threads)))
        let wanted = try sequences.map { sequence in
            try compiled.vectors(of: try #require(compiled.graph.value(ofOutput: "logits")), for: [sequence]).floats
        }
        let found = Lock([Int: [[Float]]]())
        let value = try #require(compiled.graph.value(ofOutput: "logits"))
        ThreadTeam(count: 8).run { caller in
            let own = (0..<4).compactMap { _ in
                try? compiled.vectors(of: value, for: [sequences[caller]]).floats
            }
            found.withLock { $0[caller] = own }
        }
        for caller in 0..<8 {
            #expect(found.withLock { $0[caller] } == Array(repeating: wanted[caller], count: 4), "caller \(caller)")
        }
    }

    // MARK: Kernels

    @Test("models of one process compute with the kernels that each is given", arguments: KernelSet.available)
    func kernels(_ set: KernelSet) throws {
        let model = try model()
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: 2, kernels: set)))
        let best = try outputs(CompiledModel(model, options: .init(resources: .init(threads: 2))))
        let own = try outputs(compiled)
        #expect(compiled.resources.kernels == set)
        #expect(own == best)
    }

    @Test("a kernel set that does not exist is refused, with those that do")
    func unknownKernels() {
        let error = #expect(throws: RuntimeError.self) { try KernelSet(named: "sse9") }
        #expect(error == .unknownKernels("sse9"))
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("scalar") == true)
    }

    // MARK: Cancellation

    @Test("nothing is compiled once the work is cancelled")
    func cancelledCompilation() throws {
        let cancellation = Cancellation()
        cancellation.request()
        let model = try model()
        let error = #expect(throws: RuntimeError.self) {
            _ = try CompiledModel(model, options: .init(resources: .init(threads: 2, cancellation: cancellation)))
        }
        #expect(error == .cancelled)
        #expect(error?.kind == .cancelled)
    }

    @Test("no group is handed out once the work is cancelled", arguments: [1, 3])
    func cancelledRun(_ threads: Int) throws {
        let cancellation = Cancellation()
        let compiled = try CompiledModel(
            try model(),
            options: .init(resources: .init(threads: threads, cancellation: cancellation), groupTokens: 10))
        var groups = 0
        do {
            try compiled.run(sequences) { (_) throws(Never) in
                groups += 1
                cancellation.request()
            }
            Issue.record("was not cancelled")
        } catch {
            if case .runtime(let failure) = error { #expect(failure == .cancelled) }
        }
        #expect(groups == 1)
        let more = Atomic<Int>(0)
        #expect(throws: RuntimeError.cancelled) {
            try compiled.run(concurrently: sequences) { _ in more.add(1, ordering: .relaxed) }
        }
        #expect(more.load(ordering: .relaxed) == 0)
    }

    @Test("a request at any moment ends a run, or comes too late and changes nothing", arguments: [1, 2, 4])
    func cancelledAnywhere(_ threads: Int) throws {
        let model = try model()
        let wanted = try outputs(CompiledModel(model, options: .init(resources: .init(threads: 1))))
        let team = ThreadTeam(count: threads)
        for delay in 0..<40 {
            let cancellation = Cancellation()
            let compiled = try CompiledModel(
                model, options: .init(resources: .init(team: team, cancellation: cancellation), groupTokens: 100))
            ThreadTeam(count: 2).run { member in
                if member == 1 {
                    usleep(UInt32(delay * 100))
                    return cancellation.request()
                }
                do { #expect(try outputs(compiled) == wanted) } catch {
                    #expect(error as? RuntimeError == .cancelled)
                }
            }
        }
    }
}
