import ModelGraph
import Statistics
import Statistics
import TestSupport
import Testing
import Verification

@Suite("Errors of numbers against labels")
struct NumberScoresTests {
    /// A model of two outputs: its own numbers, and those times a factor.
    private func model(_ factor: Float) -> Model {
        let graph = Graph(
            inputs: ["x"], inputLayouts: ["x": InputLayout(rows: .count(1), width: 2)],
            nodes: [
                Node(name: "flat", operation: .pooling(.mean), inputs: ["x"]),
                Node(name: "near", operation: .affine(Affine(width: 2)), inputs: ["flat"]),
                Node(name: "far", operation: .affine(Affine(width: 2, factor: factor)), inputs: ["flat"]),
            ],
            outputs: [.init(name: "output.near", value: "near"), .init(name: "output.far", value: "far")],
            hiddenStates: [], use: .numbers)
        return Model(
            graph: graph.sound, tensors: [:], provenance: .init(files: [], dialect: "test", architecture: "test"))
    }

    private let rows: [[Float]] = [[1, 10], [2, 10], [6, 10]]
    private var items: [ModelInput] {
        rows.map { ModelInput(arrays: ["x": InputArray(rows: 1, columns: 2, numbers: $0)]) }
    }

    @Test("mae and r2 are those of their definitions, of each output and of the worst one")
    func definitions() throws {
        let right: [[Float]] = [[1, 10], [3, 11], [5, 12]]
        let labels = right.map { ["near": $0, "output.far": $0] }
        let measured = try TaskStudy(source: model(1), converted: model(2)).numbers(of: items, labels: labels)
        func found(_ metric: Metric, _ output: String?) -> Measurement? {
            measured.first { $0.metric == metric && $0.output == output }
        }
        // Differences of the rows as they are: 0 0, 1 1, 1 2; of twice the rows: 1 10, 1 9, 7 8.
        let near = try #require(found(.meanAbsoluteError, "output.near"))
        let far = try #require(found(.meanAbsoluteError, "output.far"))
        #expect(abs(near.value - 5.0 / 6) < 1e-12 && near.source == near.value)
        #expect(abs(far.value - 6) < 1e-12 && abs((far.source ?? 0) - 5.0 / 6) < 1e-12)
        // Squared distances of the labels from their means: 8 and 2.
        #expect(abs((found(.r2, "output.near")?.value ?? 0) - (1 - 7.0 / 10)) < 1e-12)
        #expect(abs((found(.r2, "output.far")?.value ?? 0) - (1 - (2.0 + 49 + 100 + 81 + 64) / 10)) < 1e-9)
        #expect(found(.meanAbsoluteError, nil)?.value == far.value)
        #expect(found(.r2, nil)?.value == found(.r2, "output.far")?.value)
    }

    @Test("labels that are not the model's are an error")
    func misfits() throws {
        let study = try TaskStudy(source: model(1), converted: model(1))
        let wrong: [[String: [Float]]] = [["near": [1]], ["elsewhere": [1, 2]], ["": [1, 2]], ["near": [1, .nan]]]
        for label in wrong {
            #expect(throws: VerificationError.self, "\(label)") {
                try study.numbers(of: Array(items.prefix(1)), labels: [label])
            }
        }
        #expect(throws: VerificationError.self) { try study.numbers(of: items, labels: []) }
    }
}
