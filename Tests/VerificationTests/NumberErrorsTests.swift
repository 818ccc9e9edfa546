import ModelGraph
import Statistics
import Testing
import TestSupport
import Tensors
import Verification

@Suite("Fidelity of numbers")
struct NumberErrorsTests {
    private func errors(_ rows: [[Float]], _ others: [[Float]]) -> NumberErrors {
        var result = NumberErrors()
        for (row, other) in zip(rows, others) {
            row.withUnsafeBufferPointer { first in
                other.withUnsafeBufferPointer { second in result.add(source: first, other: second) }
            }
        }
        return result
    }

    @Test("relative error and unexplained share are those of the definitions")
    func definitions() {
        let errors = errors([[1, 10], [2, 10], [6, 10]], [[1, 10], [3, 10], [6, 12]])
        #expect(abs(errors.relativeError - (5.0 / 341).squareRoot()) < 1e-12)
        // Only the first column varies: its mean is 3, its squared distances are 4 + 1 + 9.
        #expect(abs(errors.unexplained - 5.0 / 14) < 1e-12)
    }

    @Test("what does not vary must not change")
    func constant() {
        #expect(errors([[2], [2]], [[2], [2]]).unexplained == 0)
        #expect(errors([[2], [2]], [[2], [3]]).unexplained.isNaN)
        #expect(errors([[0], [0]], [[0], [1]]).relativeError.isNaN)
    }

    /// A forecast of two outputs from a model's own numbers, each times a factor.
    private func forecast(_ factor: Float) -> Model {
        let graph = Graph(
            inputs: ["x"], inputLayouts: ["x": InputLayout(rows: .count(1), width: 3)],
            nodes: [
                Node(name: "flat", operation: .pooling(.mean), inputs: ["x"]),
                Node(name: "near", operation: .affine(Affine(width: 3)), inputs: ["flat"]),
                Node(name: "far", operation: .affine(Affine(width: 3, factor: factor)), inputs: ["flat"]),
            ],
            outputs: [.init(name: "output.near", value: "near"), .init(name: "output.far", value: "far")],
            hiddenStates: [], use: .numbers)
        return Model(
            graph: graph.sound, tensors: [:], provenance: .init(files: [], dialect: "test", architecture: "test"))
    }

    @Test("a forecast moved by half its size passes no gate on its numbers, whatever its cosine is")
    func half() throws {
        let inputs = (0..<6).map { index in
            ModelInput(arrays: [
                "x": InputArray(rows: 1, columns: 3, numbers: [Float(index), Float(index * index), 1 - Float(index)])
            ])
        }
        let measured = try FidelityStudy(source: forecast(1), converted: forecast(0.5)).measure(inputs)
        func values(_ metric: Metric, _ output: String?) -> [Double] {
            measured.filter { $0.metric == metric && $0.output == output }.map(\.value)
        }
        #expect(values(.outputRelativeError, nil) == values(.outputRelativeError, "output.far"))
        #expect(abs((values(.outputRelativeError, nil).first ?? 0) - 0.5) < 1e-6)
        #expect(values(.outputRelativeError, "output.near") == [0] && values(.outputR2, "output.near") == [1])
        #expect((values(.outputR2, nil).first ?? 1) < 0.6)
        let report = try VerificationReport(
            source: .init(name: "a", provenance: forecast(1).provenance),
            converted: .init(name: "b", provenance: forecast(1).provenance), data: .init(inputs),
            savings: Savings(source: forecast(1).graph, converted: forecast(0.5).graph), metrics: measured,
            gates: [Gate(.outputRelativeError, .greater, 0.1)])
        #expect(!report.passed)
    }
}
