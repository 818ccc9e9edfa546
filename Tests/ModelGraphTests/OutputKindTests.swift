import ModelGraph
import TestSupport
import Testing

/// What outputs hold, told from their last operations.
@Suite("What an output holds")
struct OutputKindTests {
    private func graph(_ nodes: [Node], outputs: [String], use: ModelUse) -> Graph {
        Graph(
            inputs: ["x"], inputLayouts: ["x": InputLayout(rows: .count(3), width: 4)],
            nodes: [Node(name: "mean", operation: .pooling(.mean), inputs: ["x"])] + nodes,
            outputs: outputs.map { .init(name: "output.\($0)", value: $0) }, hiddenStates: [], use: use)
    }

    private static let dense = Node(
        name: "dense", operation: .linear(Linear(inputWidth: 4, outputWidth: 6)), inputs: ["mean"])

    @Test("softmax and sigmoid speak of classes; other layers give numbers; norms and poolings give states")
    func kinds() {
        let graph = graph(
            [
                Self.dense, Node(name: "soft", operation: .softmax, inputs: ["dense"]),
                Node(name: "gate", operation: .activation(.sigmoid), inputs: ["dense"]),
                Node(name: "relu", operation: .activation(.relu), inputs: ["dense"]),
                Node(
                    name: "steps", operation: .rearrange(Rearrangement(extents: [3, 2], rows: 3)), inputs: ["dense"]),
                Node(
                    name: "odds", operation: .rearrange(Rearrangement(extents: [3, 2], rows: 3)), inputs: ["soft"]),
                Node(name: "sum", operation: .add, inputs: ["x", "x"]),
                Node(name: "both", operation: .add, inputs: ["dense", "relu"]),
            ], outputs: ["dense"], use: .numbers
        ).sound
        func kind(_ value: String) -> OutputKind { graph.graph.kind(of: value, graph.shapes) }
        #expect([kind("soft"), kind("gate"), kind("odds")] == [.classes, .classes, .classes])
        #expect(
            [kind("dense"), kind("relu"), kind("steps"), kind("both")] == [.numbers, .numbers, .numbers, .numbers])
        #expect([kind("mean"), kind("sum"), kind("x")] == [.states, .states, .states])
    }

    @Test("of a classifier with a second output the classes are its predictions, and the other holds numbers")
    func twoOutputs() {
        let graph = graph(
            [
                Self.dense, Node(name: "soft", operation: .softmax, inputs: ["dense"]),
                Node(name: "trend", operation: .linear(Linear(inputWidth: 4, outputWidth: 2)), inputs: ["mean"]),
            ], outputs: ["soft", "trend"], use: .classifier
        ).sound
        #expect(graph.predictions == "dense")
        #expect(graph.numberOutputs.map(\.value) == ["trend"])
    }
}
