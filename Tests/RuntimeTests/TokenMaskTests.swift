import ModelGraph
import Runtime
import Tensors
import TestSupport
import Testing

/// Rows found by their ids, against tables whose rows are known.
@Suite("Masks told by token ids, and texts read shifted")
struct TokenMaskTests {
    /// A table whose row of an id is the id.
    private static let vocabulary = 10

    private func model(_ nodes: [Node], shiftedFrom start: Int? = nil) throws -> CompiledModel {
        let embedding = Embedding(vocabulary: Self.vocabulary, width: 1, shiftedFrom: start)
        let all = [Node(name: "ids", operation: .embedding(embedding), inputs: ["input_ids"])] + nodes
        let graph = Graph(
            inputs: ["input_ids", "attention_mask"], nodes: all,
            outputs: [.init(name: "found", value: all[all.count - 1].name)], hiddenStates: [])
        let table = Tensor((0..<Self.vocabulary).map { Float($0) }, shape: [Self.vocabulary, 1])
        let model = Model(
            graph: graph.sound, tensors: ["ids/tokens": table],
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        return try CompiledModel(model, options: .init(resources: .init(threads: 1)))
    }

    private func found(_ pooling: Pooling, _ mask: TokenMask, in sequences: [ModelInput]) throws -> [Float] {
        let compiled = try model([
            Node(name: "shown", operation: .tokenMask(mask), inputs: ["input_ids"]),
            Node(name: "found", operation: .pooling(pooling), inputs: ["ids", "shown"]),
        ])
        return try compiled.vectors(of: "found", for: sequences).floats
    }

    @Test("the last token that is not padding, wherever the padding is")
    func lastToken() throws {
        let sequences = [
            ModelInput(ids: [3, 4, 5]), ModelInput(ids: [3, 4, 0, 0]), ModelInput(ids: [0, 0, 6, 7]),
            ModelInput(ids: [8, 9, 0, 0], mask: [true, true, false, false]), ModelInput(ids: [0, 0]),
        ]
        #expect(try found(.last, TokenMask(ids: [0], isHiding: true), in: sequences) == [5, 4, 7, 9, 0])
    }

    @Test("the first of some ids")
    func ends() throws {
        let compiled = try model([
            Node(name: "shown", operation: .tokenMask(TokenMask(ids: [2])), inputs: ["input_ids"]),
            Node(name: "found", operation: .pooling(.first), inputs: ["ids", "shown"]),
        ])
        #expect(try compiled.vectors(of: "found", for: [ModelInput(ids: [5, 2, 7, 2])]).floats == [2])
    }

    @Test("a sequence without the token that the head reads is refused")
    func missing() throws {
        #expect(throws: RuntimeError.self) { try found(.last, TokenMask(ids: [2]), in: [ModelInput(ids: [5, 6])]) }
    }

    @Test("a decoder that reads the text shifted sees the id before each")
    func shifted() throws {
        let compiled = try model(
            [Node(name: "found", operation: .pooling(.last), inputs: ["ids"])], shiftedFrom: 9)
        let sequences = [ModelInput(ids: [5, 6, 7]), ModelInput(ids: [4])]
        #expect(try compiled.vectors(of: "found", for: sequences).floats == [6, 9])
        let hidden = ModelInput(ids: [5, 6, 7], mask: [false, true, true])
        #expect(throws: RuntimeError.self) { try compiled.vectors(of: "found", for: [hidden]) }
    }

    @Test("ids outside the vocabulary to shift from are refused")
    func bounds() {
        let graph = Graph(
            inputs: ["input_ids"],
            nodes: [
                Node(
                    name: "ids", operation: .embedding(Embedding(vocabulary: 4, width: 1, shiftedFrom: 4)),
                    inputs: ["input_ids"])
            ], outputs: [.init(name: "ids", value: "ids")], hiddenStates: [])
        #expect(throws: GraphError.self) { try graph.checked() }
    }
}
