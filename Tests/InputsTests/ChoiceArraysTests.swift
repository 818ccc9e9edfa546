import Inputs
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing

@Suite("Texts to choose from")
struct ChoiceArraysTests {
    private func graph(isOfChoices: Bool) -> CheckedGraph {
        Graph(
            inputs: ["input_ids", "attention_mask"],
            nodes: [
                Node(name: "rows", operation: .embedding(Embedding(vocabulary: 9, width: 1)), inputs: ["input_ids"]),
                Node(name: "first", operation: .pooling(.first), inputs: ["rows"]),
            ],
            outputs: [.init(name: "logits", value: "first", isSqueezed: true, isOfChoices: isOfChoices)],
            hiddenStates: []
        ).sound
    }

    private let ids = Tensor((0..<12).map { Float($0 % 9) }, shape: [2, 3, 2])

    @Test("each choice is a sequence that knows how many there are")
    func choices() throws {
        let sequences = try GraphArrays.sequences(from: ["input_ids": ids], for: graph(isOfChoices: true))
        #expect(sequences.map(\.ids) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 0], [1, 2]])
        #expect(sequences.allSatisfy { $0.choices == 3 })
    }

    @Test("a model that chooses nothing takes no choices; arrays of other shapes are refused")
    func refused() {
        #expect(throws: FileError.self) {
            try GraphArrays.sequences(from: ["input_ids": ids], for: graph(isOfChoices: false))
        }
        let mask = Tensor([Float](repeating: 1, count: 6), shape: [3, 2])
        #expect(throws: FileError.self) {
            try GraphArrays.sequences(
                from: ["input_ids": ids, "attention_mask": mask], for: graph(isOfChoices: true))
        }
    }
}
