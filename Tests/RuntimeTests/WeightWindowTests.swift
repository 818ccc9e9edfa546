import Dispatch
import ModelGraph
import Platform
import Plans
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Weights of which memory holds a part at a time")
struct WeightWindowTests {
    private let sequences = randomSequences(140, seed: 3)

    private func resources(bytes: Int?, threads: Int) -> ExecutionResources {
        var resources = ExecutionResources(threads: threads)
        // A quarter is for weights.
        resources.memory = bytes.map { MemoryBudget(bytes: 4 * $0, folder: "/tmp") }
        return resources
    }

    /// Everything that a model computes, text by text.
    private func outputs(
        _ model: Model, bytes: Int?, threads: Int, concurrently: Bool = true
    ) throws -> [[Float]] {
        let nodes = model.graph.attentionNodes.map(\.name)
        let values = model.graph.branches.map(\.sum)
        let compiled = try CompiledModel(
            model,
            options: .init(
                resources: resources(bytes: bytes, threads: threads), groupTokens: 64,
                observation: Observation(values: Set(values), maps: Set(nodes))))
        let slots = Lock([[Float]](repeating: [], count: sequences.count))
        @Sendable func take(_ group: GroupResult) {
            for sequence in group.sequences {
                var numbers: [Float] = []
                for value in values {
                    guard let rows = group.value(value) else { continue }
                    for row in group.sequence(sequence, alongRowsOf: value).rows { numbers += rows.row(row) }
                }
                for node in nodes {
                    guard let map = group.map(HeadID(node: node, head: 0), of: sequence) else { continue }
                    for row in 0..<map.rows { numbers += map.row(row) }
                }
                let found = numbers
                slots.withLock { $0[sequence.index] = found }
            }
        }
        if concurrently {
            try compiled.run(concurrently: sequences, receive: take)
        } else {
            try compiled.run(sequences) { (group) throws(Never) in take(group) }
        }
        return slots.withLock { $0 }
    }

    @Test("the same bits, whatever part of the weights is held, with any number of threads, again and again")
    func sameBits() throws {
        let model = Model.random(layers: 4, seed: 9)
        let whole = try outputs(model, bytes: nil, threads: 1)
        try #require(whole.allSatisfy { !$0.isEmpty })
        for bytes in [1, 4000, 40_000, 1 << 30] {
            for threads in [1, 3] {
                #expect(try outputs(model, bytes: bytes, threads: threads) == whole, "\(bytes) bytes")
            }
            #expect(try outputs(model, bytes: bytes, threads: 2, concurrently: false) == whole, "\(bytes) bytes")
        }
    }

    @Test("a model runs twice at once")
    func atOnce() throws {
        let model = Model.random(layers: 3, seed: 10)
        let compiled = try CompiledModel(
            model, options: .init(resources: resources(bytes: 4000, threads: 2), observation: nil))
        let whole = try CompiledModel(model)
        let value = try #require(model.graph.outputs.first?.value)
        let sequences = sequences
        @Sendable func vectors(_ model: CompiledModel) -> [Float] {
            (try? model.vectors(of: value, for: sequences, pooling: .mean, normalize: false))?.floats ?? []
        }
        let expected = vectors(whole)
        try #require(!expected.isEmpty)
        let found = Lock([[Float]](repeating: [], count: 4))
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            let own = vectors(compiled)
            found.withLock { $0[index] = own }
        }
        #expect(found.withLock { $0 } == [[Float]](repeating: expected, count: 4))
    }

    @Test("a cancelled run ends with the error of any cancelled run")
    func cancelled() throws {
        let cancellation = Cancellation()
        var resources = resources(bytes: 4000, threads: 2)
        resources.cancellation = cancellation
        let compiled = try CompiledModel(Model.random(layers: 3, seed: 10), options: .init(resources: resources))
        cancellation.request()
        #expect(throws: RuntimeError.cancelled) { try compiled.run(concurrently: sequences) { _ in } }
    }
}
