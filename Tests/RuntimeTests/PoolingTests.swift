import ModelGraph
import Runtime
import Tensors
import TestSupport
import Testing

/// Rows of two numbers through every way of pooling, against sums by hand.
@Suite("One row a sequence from several")
struct PoolingTests {
    /// Three rows, which a mask shows but for the second.
    private static let rows: [Float] = [1, 8, 100, -50, 3, 2]
    private static let mask: [Float] = [1, 0, 1]

    private func pooled(_ pooling: Pooling, isMasked: Bool) throws -> [Float] {
        let axis = RowSpace.axis(.init("rows"))
        let graph = Graph(
            inputs: ["x", "shown"],
            inputLayouts: ["x": InputLayout(rows: axis, width: 2), "shown": InputLayout(rows: axis, absent: 1)],
            nodes: [
                Node(name: "pooled", operation: .pooling(pooling), inputs: ["x"] + (isMasked ? ["shown"] : [])),
                Node(name: "unit", operation: .norm(.unit(width: 2)), inputs: ["pooled"]),
            ],
            outputs: [.init(name: "pooled", value: "pooled"), .init(name: "unit", value: "unit")], hiddenStates: [])
        let model = Model(
            graph: graph.sound, tensors: [:], provenance: .init(files: [], dialect: "test", architecture: "test"))
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        var input = ModelInput(arrays: ["x": InputArray(rows: 3, columns: 2, numbers: Self.rows)])
        if isMasked { input.arrays["shown"] = InputArray(rows: 3, columns: 1, numbers: Self.mask) }
        let result = try compiled.vectors(of: "pooled", for: [input]).floats
        let unit = try compiled.vectors(of: "unit", for: [input]).floats
        let length = result.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for (element, expected) in zip(unit, result.map { $0 / length }) { #expect(abs(element - expected) < 1e-6) }
        return result
    }

    private func expect(_ result: [Float], _ expected: [Float]) {
        #expect(result.count == expected.count)
        for (element, wanted) in zip(result, expected) { #expect(abs(element - wanted) < 1e-5, "\(result)") }
    }

    @Test("all rows count")
    func plain() throws {
        expect(try pooled(.first, isMasked: false), [1, 8])
        expect(try pooled(.last, isMasked: false), [3, 2])
        expect(try pooled(.mean, isMasked: false), [104.0 / 3, -40.0 / 3])
        expect(try pooled(.max, isMasked: false), [100, 8])
        expect(
            try pooled(.meanSquareRoot, isMasked: false), [104 / Float(3).squareRoot(), -40 / Float(3).squareRoot()])
        // (1 · first + 2 · second + 3 · third) / 6.
        expect(try pooled(.weightedMean, isMasked: false), [210.0 / 6, -86.0 / 6])
    }

    @Test("rows that a mask hides do not count; weights are those of the rows' places")
    func masked() throws {
        expect(try pooled(.mean, isMasked: true), [2, 5])
        expect(try pooled(.max, isMasked: true), [3, 8])
        expect(try pooled(.meanSquareRoot, isMasked: true), [4 / Float(2).squareRoot(), 10 / Float(2).squareRoot()])
        expect(try pooled(.weightedMean, isMasked: true), [10.0 / 4, 14.0 / 4])
    }

}
