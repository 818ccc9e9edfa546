import Costs
import JSON
import ModelGraph
import Tensors
import TestSupport
import Testing

@Suite("Precisions of matrices")
struct PrecisionTests {
    /// `input_ids` → table of 3 rows of 2 → linear 2 → 3 → an output that is tied to the table.
    private func graph(_ change: (inout [Node]) -> Void = { _ in }) -> Graph {
        var nodes = [
            Node(name: "table", operation: .embedding(Embedding(vocabulary: 3, width: 2)), inputs: ["input_ids"]),
            Node(name: "dense", operation: .linear(Linear(inputWidth: 2, outputWidth: 2)), inputs: ["table"]),
            Node(
                name: "head", operation: .linear(Linear(inputWidth: 2, outputWidth: 3, hasBias: false)),
                inputs: ["dense"],
                ties: ["weight": .init(parameter: ParameterID(node: "table", name: "tokens"), isTransposed: true)]),
        ]
        change(&nodes)
        return Graph(
            inputs: ["input_ids"], nodes: nodes, outputs: [.init(name: "logits", value: "head")],
            hiddenStates: ["table"], use: .languageModel)
    }

    private func whole(_ values: [Int8], _ shape: Shape) throws -> Tensor {
        let storage = TensorStorage(byteCount: values.count) { target in
            for (index, value) in values.enumerated() { target[index] = UInt8(bitPattern: value) }
        }
        return try #require(Tensor(dtype: .int8, shape: shape, storage: storage))
    }

    private func model(_ graph: Graph, _ tensors: [ParameterID: Tensor]) throws -> Model {
        let model = Model(
            graph: try graph.checked(), tensors: tensors,
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        try model.validate()
        return model
    }

    @Test("8-bit values stand for value · scale, times the factor of their input; a tied table has a scale a row")
    func dequantized() throws {
        let graph = graph {
            $0[0].precisions["tokens"] = Precision(.int8)
            $0[1].precisions["weight"] = Precision(.int8, isSmoothed: true)
            $0[2].precisions["weight"] = Precision(.int8Weights)
        }
        let model = try model(
            graph,
            [
                "table/tokens": try whole([1, -2, 3, 4, -127, 127], [3, 2]),
                "table/tokens_scale": Tensor([0.5, 2, 0.25], shape: [3]),
                "dense/weight": try whole([10, -20, 30, -128], [2, 2]),
                "dense/weight_scale": Tensor([0.1, -0.5], shape: [2]),
                "dense/smoothing": Tensor([2, 0.5], shape: [2]), "dense/bias": Tensor([0, 0], shape: [2]),
            ])
        let dense = try #require(model.graph.node(named: "dense")), head = try #require(model.graph.node(named: "head"))
        #expect(model.tensor(of: dense, "weight")?.floats == [2 * (10 * 0.1), 20, 0.5 * (30 * 0.1), 32])
        #expect(model.tensor(of: head, "weight")?.floats == [0.5, 6, -31.75, -1, 8, 31.75])
        #expect(model.quantized(head, "weight")?.isTransposed == true)
        #expect(model.graph.cost(tokens: 1).parameterBytes == 6 + 12 + 4 + 8 + 8 + 8)
    }

    @Test("4 bits: the lower half of a byte is the even row, and an odd last row stands alone")
    func packed() throws {
        let group = 32
        let graph = Graph(
            inputs: ["x"],
            inputLayouts: ["x": InputLayout(content: .numbers, rows: .count(1), width: 33)],
            nodes: [
                Node(
                    name: "dense", operation: .linear(Linear(inputWidth: 33, outputWidth: 1, hasBias: false)),
                    inputs: ["x"], precisions: ["weight": Precision(.int4Weights, group: group)])
            ],
            outputs: [.init(name: "y", value: "dense")], hiddenStates: ["dense"], use: .numbers)
        let storage = TensorStorage(byteCount: 17) { target in
            for row in 0..<17 { target[row] = UInt8(row % 16) | UInt8(15 - row % 16) << 4 }
            target[16] = 0x8F
        }
        let scale = try #require(Tensor(halves: [0.5, -2], shape: [2, 1]))
        let model = try model(
            graph,
            [
                "dense/weight": try #require(Tensor(dtype: .uint8, shape: [17, 1], storage: storage)),
                "dense/weight_scale": scale,
            ])
        let node = try #require(model.graph.node(named: "dense"))
        let numbers = try #require(model.tensor(of: node, "weight")?.floats)
        #expect(numbers.count == 33)
        for row in 0..<16 {
            #expect(numbers[2 * row] == 0.5 * (Float(row) - 8))
            #expect(numbers[2 * row + 1] == 0.5 * (7 - Float(row)))
        }
        #expect(numbers[32] == -2 * 7)
        #expect(model.graph.cost(tokens: 1).parameterBytes == 17 + 2 * 2)
    }

    @Test("a graph says what makes no sense of a precision")
    func problems() {
        func problem(_ change: @escaping (inout [Node]) -> Void) -> String {
            do throws(GraphError) { _ = try graph(change).checked() } catch { return error.description }
            return ""
        }
        #expect(problem { $0[1].precisions["bias"] = Precision(.int8) }.contains("the node has no such matrix"))
        #expect(problem { $0[1].precisions["weight"] = Precision(.int8, group: 32) }.contains("no groups"))
        #expect(problem { $0[1].precisions["weight"] = Precision(.int4Weights) }.contains("no groups"))
        #expect(problem { $0[1].precisions["weight"] = Precision(.int8Weights, group: 48) }.contains("groups of 48"))
        #expect(
            problem { $0[1].precisions["weight"] = Precision(.int8Weights, isSmoothed: true) }
                .contains("there is no input to smooth"))
        #expect(
            problem { $0[0].precisions["tokens"] = Precision(.int4Weights, group: 32) }.contains("cannot be of kind"))
        #expect(problem { $0[0].precisions["tokens"] = Precision(.int8) }.contains("has no precision"))
        #expect(problem { $0[2].precisions["weight"] = Precision(.int8) }.contains("which is not stored so"))
    }

    @Test("queries, keys and values of one stream have one precision")
    func streams() throws {
        let encoder = Model.random(layers: 1, seed: 5).graph
        #expect(throws: GraphError.self) {
            try encoder.changed { $0.nodes[1].precisions["query_weight"] = Precision(.int8) }
        }
        let changed = try encoder.changed { graph in
            for name in ["query", "key", "value"] {
                graph.nodes[1].precisions["\(name)_weight"] = Precision(.int8, isSmoothed: true)
            }
        }
        let stored = try #require(changed.node(named: attentionName(0))).storedParameters
        #expect(stored.filter { $0.name == "input_smoothing" }.map(\.shape) == [[width]])
        let bytes = try Document.encode(changed.graph)
        #expect(try Document.decode(Graph.self, from: bytes) == changed.graph)
    }

    @Test("a scale that is zero or no number is told with its place")
    func factors() throws {
        let graph = graph {
            $0[1].precisions["weight"] = Precision(.int8)
        }
        func model(_ scale: [Float]) throws -> Model {
            try self.model(
                graph,
                [
                    "table/tokens": Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]),
                    "dense/weight": try whole([1, 2, 3, 4], [2, 2]),
                    "dense/weight_scale": Tensor(scale, shape: [2]), "dense/bias": Tensor([0, 0], shape: [2]),
                ])
        }
        #expect(try model([1, -2]).factorProblem == nil)
        #expect(try model([1, 0]).factorProblem?.contains("dense/weight_scale: element 1 is 0.0") == true)
        #expect(try model([.nan, 1]).factorProblem?.contains("element 0 is nan") == true)
    }
}
