import ModelGraph
import Outputs
import Rewriting
import Runtime
import Tensors
import Testing
import TestSupport

@Suite("Tokens that are merged")
struct TokenMergeTests {
    /// A text encoder of three layers whose embedding is the mean or the first of its last states.
    private static func source(_ pooling: Pooling) throws -> Model {
        var model = Model.random(layers: 3, seed: 17)
        model.graph = try model.graph.changed { graph in
            graph.nodes.append(Node(name: "pooled", operation: .pooling(pooling), inputs: ["layer_2/norm"]))
            graph.outputs.append(.init(name: Graph.embeddingOutput, value: "pooled"))
        }
        return model
    }

    private static func merged(_ amounts: [Int: TokenMatching.Amount], _ pooling: Pooling = .mean) throws -> Model {
        let entries = amounts.sorted { $0.key < $1.key }.map {
            ReusePlan.Tokens(node: attentionName($0.key), amount: $0.value)
        }
        return try source(pooling).mergingTokens(entries)
    }

    private static func vectors(_ model: Model, _ sequences: [ModelInput], threads: Int = 1) throws -> [[Float]] {
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: threads)))
        let floats = try compiled.vectors(of: "pooled", for: sequences).floats
        return (0..<sequences.count).map { Array(floats[$0 * width..<($0 + 1) * width]) }
    }

    private static func texts(_ lengths: [Int]) -> [ModelInput] {
        randomSequences(lengths, masked: false, seed: 5).map { ModelInput(ids: $0.ids) }
    }

    @Test("the runtime computes what a literal reading of the graph does", arguments: [Pooling.mean, .first])
    func reference(_ pooling: Pooling) throws {
        let model = try Self.merged([0: .share(0.25), 1: .count(2), 2: .share(0.1)], pooling)
        let sequences = Self.texts([1, 2, 3, 4, 5, 9, 17, 40, 63])
        for (sequence, found) in zip(sequences, try Self.vectors(model, sequences)) {
            let expected = ReferenceInterpreter(model, sequence).values["pooled"]?.first ?? []
            #expect(expected.count == width)
            for (x, y) in zip(found, expected) { #expect(abs(Double(x) - y) < 1e-4, "\(sequence.ids.count) tokens") }
        }
    }

    @Test("results depend neither on batch mates nor on threads, to the bit", arguments: [1, 2, 3])
    func bits(_ threads: Int) throws {
        let model = try Self.merged([0: .share(0.25), 2: .share(0.3)])
        let sequences = Self.texts([30, 3, 64, 8, 41, 2, 57])
        let together = try Self.vectors(model, sequences, threads: threads)
        for (index, sequence) in sequences.enumerated() {
            #expect(try Self.vectors(model, [sequence]) == [together[index]], "sequence \(index)")
        }
    }

    @Test("a merge changes the embedding, and one of no token does not")
    func effect() throws {
        let sequences = Self.texts([20])
        let before = try Self.vectors(try Self.source(.mean), sequences)
        #expect(try Self.vectors(try Self.merged([1: .share(0.25)]), sequences) != before)
        // Four tokens, two of them special: a share of a fifth is none.
        let short = Self.texts([4])
        let same = try Self.vectors(try Self.merged([2: .share(0.2)]), short)[0]
        for (x, y) in zip(same, try Self.vectors(try Self.source(.mean), short)[0]) { #expect(abs(x - y) < 1e-5) }
    }

    @Test("what has a row for each token is refused by name")
    func refusals() throws {
        let model = try Self.merged([0: .share(0.25)])
        #expect(model.graph.value(ofOutput: "last_hidden_state") == nil)
        for selection in [OutputSelection.hidden, .attentions] {
            #expect {
                _ = try PaddedOutputs(of: model, for: Self.texts([5]), selecting: selection)
            } throws: { error in
                guard let error = error as? RuntimeError else { return false }
                return error.kind == .usage && "\(error)".contains("layer_0/attention/matching")
            }
        }
        for pooling in [Pooling.first, .max] {
            #expect(throws: GraphError.self) { try model.graph.graph.requirePooling(pooling) }
        }
        try model.graph.graph.requirePooling(.mean)
        let pair = ModelInput(ids: [1, 2, 3, 4], types: [0, 0, 1, 1])
        #expect(throws: RuntimeError.self) { try Self.vectors(model, [pair]) }
    }
}
