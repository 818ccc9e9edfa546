import ModelGraph
import Tensors
import TestSupport
import Testing

@Suite("Tables of places, laid over pictures of another size")
struct ResamplingTests {
    private func table(_ rows: Int, _ width: Int, _ value: (Int, Int) -> Float) -> Tensor {
        Tensor((0..<rows * width).map { value($0 / width, $0 % width) }, shape: [rows, width])
    }

    @Test("at its own size a table is itself, and rows before the grid stay")
    func same() throws {
        let rows = table(10, 2) { Float($0 * 3 + $1) }
        let same = Resampling(leading: 1, stored: [3, 3], wanted: [3, 3])
        #expect(try #require(same.resampled(rows)).floats == rows.floats)
        let larger = Resampling(leading: 1, stored: [3, 3], wanted: [5, 4])
        let resampled = try #require(larger.resampled(rows))
        #expect(resampled.shape == [21, 2] && Array(resampled.floats.prefix(2)) == Array(rows.floats.prefix(2)))
    }

    @Test("places between two lie by Keys' kernel, those at the edge repeat it")
    func kernel() throws {
        // Four places to eight: the third of the eight lies at 0.75, a quarter before the second.
        let rows = table(4, 1) { row, _ in [1, 2, 4, 8][row] }
        let resampled = try #require(Resampling(leading: 0, stored: [1, 4], wanted: [1, 8]).resampled(rows)).floats
        func weight(_ distance: Double) -> Double {
            let x = abs(distance)
            return x <= 1 ? 1.25 * x * x * x - 2.25 * x * x + 1 : -0.75 * (x * x * x - 5 * x * x + 8 * x - 4)
        }
        let third = weight(1.75) * 1 + weight(0.75) * 1 + weight(0.25) * 2 + weight(1.25) * 4
        #expect(abs(Double(resampled[2]) - third) < 1e-6, "\(resampled)")
        #expect(abs(weight(1.75) + weight(0.75) + weight(0.25) + weight(1.25) - 1) < 1e-12)
    }

    @Test("a graph for larger pictures has more patches, and the same parameters")
    func graph() throws {
        let graph = Graph(
            inputs: ["pixels"],
            inputLayouts: ["pixels": InputLayout(rows: .count(16), width: 1, grid: [4, 4], isChannelsFirst: true)],
            nodes: [
                Node(
                    name: "patches",
                    operation: .convolution(
                        Convolution(
                            grid: [4, 4], windows: [Window(size: 2, stride: 2), Window(size: 2, stride: 2)],
                            inputWidth: 1, outputWidth: 3)), inputs: ["pixels"]),
                Node(
                    name: "places",
                    operation: .table(
                        Table(
                            count: 4, width: 3, isAlongInput: true,
                            resampling: Resampling(leading: 0, stored: [2, 2], wanted: [2, 2]))), inputs: ["patches"]),
                Node(name: "sum", operation: .add, inputs: ["patches", "places"]),
            ],
            outputs: [Graph.Output(name: "last_hidden_state", value: "sum")], hiddenStates: ["sum"], use: .encoder)
        let checked = try graph.checked()
        let larger = try checked.resized(to: [6, 7])
        #expect(larger.shapes["sum"]?.rows == .count(9))
        func parameters(_ graph: CheckedGraph) -> [Parameter] { graph.graph.nodes.flatMap(\.operation.parameters) }
        #expect(parameters(larger) == parameters(checked))
        #expect(throws: GraphError.self) { try checked.resized(to: [1, 6]) }
    }
}
