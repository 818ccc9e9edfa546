import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing

@Suite("Functions of each element against arithmetic done by hand")
struct ElementwiseTests {
    /// One operation over rows `[3, 2]` and further values.
    private func result(
        _ function: Elementwise, _ x: [Float], _ others: [(rows: RowSpace, width: Int, numbers: [Float])] = []
    ) throws -> [Float] {
        var layouts = ["x": InputLayout(rows: .count(3), width: 2)]
        var arrays = ["x": InputArray(rows: 3, columns: 2, numbers: x)]
        var names = ["x"]
        for (number, other) in others.enumerated() {
            let name = "y\(number)"
            layouts[name] = InputLayout(rows: other.rows, width: other.width)
            arrays[name] = InputArray(
                rows: other.numbers.count / other.width, columns: other.width, numbers: other.numbers)
            names.append(name)
        }
        let graph = Graph(
            inputs: names, inputLayouts: layouts,
            nodes: [Node(name: "z", operation: .elementwise(function), inputs: names)],
            outputs: [.init(name: "z", value: "z")], hiddenStates: [])
        let model = Model(
            graph: try graph.checked(), tensors: [:],
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        let outputs = try PaddedOutputs(
            of: model, for: [ModelInput(arrays: arrays)], selecting: .all, resources: .init(threads: 1))
        return try #require(outputs.arrays.first).tensor.floats
    }

    @Test("a function of two values repeats single rows and single columns")
    func repeated() throws {
        let x: [Float] = [1, 2, 3, 4, 5, 6]
        #expect(try result(.divide, x, [(.sequences, 2, [1, 2])]) == [1, 1, 3, 2, 5, 3])
        #expect(try result(.power, x, [(.count(3), 1, [1, 2, 0])]) == [1, 2, 9, 16, 1, 1])
        #expect(try result(.less, x, [(.sequences, 1, [3])]) == [1, 1, 0, 0, 0, 0])
        #expect(try result(.lessOrEqual, x, [(.sequences, 1, [3])]) == [1, 1, 1, 0, 0, 0])
        #expect(try result(.equal, x, [(.sequences, 2, [3, 4])]) == [0, 0, 1, 1, 0, 0])
        #expect(try result(.notEqual, x, [(.sequences, 2, [3, 4])]) == [1, 1, 0, 0, 1, 1])
        #expect(try result(.floorDivide, [7, -7, 8, -8, 9, -9], [(.sequences, 1, [2])]) == [3, -4, 4, -4, 4, -5])
        // As Python's: with the sign of the divisor.
        #expect(try result(.remainder, [7, -7, 8, -8, 9, -9], [(.sequences, 1, [4])]) == [3, 1, 0, 0, 1, 3])
    }

    @Test("a function of one value rounds as the frameworks do")
    func rounding() throws {
        let x: [Float] = [0.5, 1.5, -0.5, -1.2, 2.4, 0]
        #expect(try result(.rounded, x) == [0, 2, 0, -1, 2, 0])
        #expect(try result(.floor, x) == [0, 1, -1, -2, 2, 0])
        #expect(try result(.ceiling, x) == [1, 2, 0, -1, 3, 0])
        #expect(try result(.sign, x) == [1, 1, -1, -1, 1, 0])
    }

    @Test("a choice takes elements of two values by a third")
    func select() throws {
        let shown: [Float] = [1, 0, 0, 1, 2, 0]
        let y = try result(.select, shown, [(.sequences, 2, [10, 20]), (.count(3), 1, [-1, -2, -3])])
        #expect(y == [10, -1, -2, 20, 10, -3])
    }

    @Test("a function with another number of values than it takes is refused")
    func counts() {
        #expect(throws: GraphError.self) { try result(.divide, [1, 2, 3, 4, 5, 6]) }
        #expect(throws: GraphError.self) { try result(.floor, [1, 2, 3, 4, 5, 6], [(.sequences, 2, [1, 2])]) }
    }
}
