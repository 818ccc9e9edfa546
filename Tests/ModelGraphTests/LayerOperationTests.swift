import Costs
import JSON
import ModelGraph
import TestSupport
import Testing

@Suite("Operations beside attention")
struct LayerOperationTests {
    private func graph(_ nodes: [Node], rows: RowSpace = .axis(.init("frames")), width: Int = 6) -> Graph {
        Graph(
            inputs: ["x"], inputLayouts: ["x": InputLayout(rows: rows, width: width)], nodes: nodes, outputs: [],
            hiddenStates: [])
    }

    private static let recurrent = Recurrent(cell: .lstm, inputWidth: 6, units: 4)

    static let operations: [(ModelGraph.Operation, ValueShape)] = {
        let frames = RowSpace.axis(.init("frames"))
        var states = recurrent
        states.output = .states
        return [
            (.recurrent(recurrent), ValueShape(rows: frames, width: 4)),
            (.recurrent(states), ValueShape(rows: .sequences, width: 8)),
            (
                .localPooling(LocalPooling(.max, windows: [Window(size: 3)])),
                ValueShape(rows: .axis(.init("frames", steps: [.windows(Window(size: 3))])), width: 6)
            ),
            (
                .respacing(Respacing(axes: [.init(times: 3, before: 1, after: -2)])),
                ValueShape(rows: .axis(.init("frames", steps: [.times(3), .longer(by: -1)])), width: 6)
            ),
            (.distribution(Distribution(.sparsemax)), ValueShape(rows: frames, width: 6)),
            (.norm(Norm(kind: .unit, width: 6, epsilon: 1e-12, hasOffset: false)), ValueShape(rows: frames, width: 6)),
            (
                .convolution(Convolution(windows: [Window(size: 1)], inputWidth: 6, outputWidth: 12, groups: 3)),
                ValueShape(rows: frames, width: 12)
            ),
            (.activation(.mish), ValueShape(rows: frames, width: 6)),
        ]
    }()

    @Test("an operation has the shape of its definition, and comes back from its document", arguments: operations)
    func shapes(_ operation: ModelGraph.Operation, _ shape: ValueShape) throws {
        let graph = graph([Node(name: "y", operation: operation, inputs: ["x"])])
        #expect(try graph.inferShapes()["y"] == shape)
        #expect(try Document.decode(Graph.self, from: try Document.encode(graph)) == graph)
    }

    @Test("matrices multiply where their sides fit, and not elsewhere")
    func products() throws {
        func shape(_ product: MatrixProduct, rows: RowSpace) throws -> ValueShape? {
            try graph([Node(name: "y", operation: .matrixProduct(product), inputs: ["x", "x"])], rows: rows)
                .inferShapes()["y"]
        }
        #expect(try shape(MatrixProduct(isTransposed: true), rows: .count(4)) == ValueShape(rows: .count(4), width: 4))
        #expect(try shape(MatrixProduct(), rows: .count(6)) == ValueShape(rows: .count(6), width: 6))
        #expect(
            try shape(MatrixProduct(count: 2, isTransposed: true), rows: .count(4))
                == ValueShape(rows: .count(4), width: 2))
        #expect(throws: GraphError.self) { try shape(MatrixProduct(), rows: .count(4)) }
        // The width of the result must be known.
        #expect(throws: GraphError.self) { try shape(MatrixProduct(isTransposed: true), rows: .axis(.init("frames"))) }
    }

    static let lies: [ModelGraph.Operation] = [
        .recurrent(Recurrent(cell: .gru, inputWidth: 6, units: 0)),
        .recurrent(Recurrent(cell: .gru, inputWidth: 6, units: 1 << 30)),
        .recurrent(Recurrent(cell: .gru, inputWidth: 5, units: 4)),
        .recurrent(Recurrent(cell: .gru, inputWidth: 6, units: 4, hasMask: true)),
        .localPooling(LocalPooling(.mean, windows: [])),
        .localPooling(LocalPooling(.mean, grid: [2, 2], windows: [Window(size: 1), Window(size: 1)])),
        .respacing(Respacing(axes: [.init(times: 0)])),
        .respacing(Respacing(axes: [.init(before: .min)])),
        .convolution(Convolution(windows: [Window(size: 1)], inputWidth: 6, outputWidth: 6, groups: 4)),
        .convolution(Convolution(windows: [Window(size: 1)], inputWidth: 6, outputWidth: 6, groups: 0)),
        .matrixProduct(MatrixProduct(count: 0)),
    ]

    @Test("numbers that make no sense are errors and never trap", arguments: lies)
    func nonsense(_ operation: ModelGraph.Operation) {
        #expect(throws: GraphError.self) {
            try graph([Node(name: "y", operation: operation, inputs: ["x"])]).inferShapes()
        }
    }

    @Test("a recurrent cell costs both of its matrices for each row")
    func cost() throws {
        let graph = try graph([Node(name: "y", operation: .recurrent(Self.recurrent), inputs: ["x"])]).checked()
        #expect(graph.cost(tokens: 10).multiplyAdds == 10 * (6 + 4) * 16)
        #expect(graph.cost(tokens: 10).parameters == (6 + 4 + 1) * 16)
    }
}
