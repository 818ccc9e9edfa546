import JSON
import ModelGraph
import Runtime
import Statistics
import Testing
import Verification

@Suite("Comparing a converted model with its source")
struct FidelityStudyTests {
    private func values(_ source: Model, _ converted: Model, masking: Masking? = nil) throws -> [Metric: Double] {
        let study = try FidelityStudy(
            source: source, converted: converted, options: .init(resources: .init(threads: 2), masking: masking))
        return Dictionary(uniqueKeysWithValues: try study.measure(tinyTexts()).map { ($0.metric, $0.value) })
    }

    @Test("a model agrees with itself in everything")
    func itself() throws {
        let values = try values(tinyEncoder(), tinyEncoder(), masking: Masking(maskID: 29, specialIDs: []))
        #expect(values[.hiddenRelativeError] == 0)
        #expect(values[.mapsTVMean] == 0)
        #expect(values[.logitsKLMean] == 0)
        for metric in [
            Metric.hiddenCosineMean, .hiddenCosineMin, .pooledCosineMean, .pairsSpearman, .top1Agreement,
            .perplexityRatio,
        ] {
            #expect(abs((values[metric] ?? 0) - 1) < 1e-9, "\(metric)")
        }
    }

    @Test("the fidelity of another model is that of the definitions")
    func definitions() throws {
        let source = tinyEncoder(), other = tinyEncoder(seed: 2)
        let values = try values(source, other)
        // The definitions over outputs of the plain runtime, everything in memory at once.
        var cosines: [Double] = [], error = 0.0, size = 0.0
        let first = try rows(of: source), second = try rows(of: other)
        for (x, y) in zip(first, second) {
            let dot = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
            let a = x.reduce(0) { $0 + $1 * $1 }, b = y.reduce(0) { $0 + $1 * $1 }
            cosines.append(dot / (a * b).squareRoot())
            error += zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            size += a
        }
        #expect(abs((values[.hiddenCosineMean] ?? 9) - cosines.reduce(0, +) / Double(cosines.count)) < 1e-9)
        #expect(abs((values[.hiddenCosineMin] ?? 9) - (cosines.min() ?? 0)) < 1e-9)
        #expect(abs((values[.hiddenRelativeError] ?? 9) - (error / size).squareRoot()) < 1e-6)
        #expect((values[.mapsTVMean] ?? 0) > 0.01)
    }

    private func rows(of model: Model) throws -> [[Double]] {
        let compiled = try CompiledModel(model)
        var result: [[Double]] = []
        try compiled.run(tinyTexts()) { (group) throws(Never) in
            guard let matrix = group.value("layer_1/norm") else { return }
            for row in 0..<matrix.rows { result.append(matrix.row(row).map(Double.init)) }
        }
        return result
    }

    @Test("models of different depth or width are not compared")
    func unlike() {
        let shallow = tinyEncoder(sources: [[.computed, .computed]])
        #expect(throws: VerificationError.unlike("2 attention layers against 1")) {
            try FidelityStudy(source: tinyEncoder(), converted: shallow)
        }
    }

    @Test("data without a token are refused")
    func noData() throws {
        let study = try FidelityStudy(source: tinyEncoder(), converted: tinyEncoder())
        #expect(throws: VerificationError.noData) { try study.measure([]) }
        #expect(throws: VerificationError.noData) { try study.measure([ModelInput(ids: [])]) }
    }

    @Test("a copy is exact to the bit, another model is not")
    func exactness() throws {
        let same = try Exactness.check(tinyEncoder(), against: tinyEncoder(), promise: .bitwise, on: tinyTexts())
        #expect(same.holds && same.largestDifference == 0)
        let other = try Exactness.check(
            tinyEncoder(), against: tinyEncoder(seed: 2), promise: .unchanged, on: tinyTexts())
        #expect(!other.holds && other.largestDifference > 0.1)
    }

    @Test("a report fails when one gate does, and says which value it saw")
    func report() throws {
        let model = tinyEncoder()
        let subject = VerificationReport.Subject(name: "tiny", provenance: model.provenance)
        let report = try VerificationReport(
            source: subject, converted: subject, data: .init(tinyTexts()),
            savings: Savings(source: model.graph, converted: model.graph),
            metrics: [Measurement(.hiddenCosineMean, 0.9), Measurement(.logitsKLMean, .nan)],
            gates: [Gate(.hiddenCosineMean, .less, 0.5), Gate(.logitsKLMean, .greater, 1), Gate(.mapsSaved, .less, 0)])
        #expect(report.gates.map(\.passed) == [true, false, true])
        #expect(!report.passed)
        let bytes = try Document.encode(report)
        let back = try Document.decode(VerificationReport.self, from: bytes)
        #expect(back.gates == report.gates && back[.hiddenCosineMean] == 0.9)
        #expect(back[.logitsKLMean]?.isNaN == true)
    }

    @Test("a gate on something that was not measured is an error that lists what was")
    func unmeasured() throws {
        let model = tinyEncoder()
        let subject = VerificationReport.Subject(name: "tiny", provenance: model.provenance)
        let error = #expect(throws: VerificationError.self) {
            try VerificationReport(
                source: subject, converted: subject, data: .init([]),
                savings: Savings(source: model.graph, converted: model.graph), metrics: [],
                gates: [Gate(.accuracy, .less, 0.5)])
        }
        #expect(error.map { "\($0)" }?.contains("maps.saved") == true)
    }

    @Test("savings are those of the cost model")
    func savings() throws {
        let plan = [
            [HeadSource.computed, .computed], [.reused(HeadID(node: "layer_0/attention", head: 0)), .dropped],
        ]
        let source = tinyEncoder().graph, converted = tinyEncoder(sources: plan).graph
        let savings = Savings(source: source, converted: converted, tokens: 10)
        #expect(savings.maps.saved == 0.5)
        // Layer 1 loses Q, K of two heads (4 · 8 · 4 and biases 4 · 4) and V, O of the dropped one (2 · 8 · 4 and 4).
        #expect(savings.parameters.source - savings.parameters.converted == 4 * 32 + 16 + 2 * 32 + 4)
    }
}
