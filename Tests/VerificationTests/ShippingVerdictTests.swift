import ModelGraph
import TestSupport
import Testing
import Verification

@Suite("Whether a model is good enough")
struct ShippingVerdictTests {
    /// A report on made-up measurements of `texts` texts.
    private func report(
        _ metrics: [Measurement], texts: Int = 200, gates: [Gate] = [], exactness: Exactness? = nil
    ) throws -> VerificationReport {
        let graph = try Graph(inputs: [], nodes: [], outputs: [], hiddenStates: []).checked()
        let subject = VerificationReport.Subject(
            name: "m", provenance: .init(files: [], dialect: "hf-tf", architecture: "bert"))
        let sequences = (0..<texts).map { _ in ModelInput(ids: [1, 2, 3]) }
        return try VerificationReport(
            source: subject, converted: subject, data: .init(sequences),
            savings: Savings(source: graph, converted: graph), metrics: metrics, exactness: exactness, gates: gates)
    }

    @Test(
        "without gates the metric nearest to the use is held against the documented default",
        arguments: [
            ([Measurement(.pairsSpearman, 0.981), Measurement(.pooledCosineMean, 0.99)], ShippingVerdict.Outcome.good),
            ([Measurement(.pairsSpearman, 0.979), Measurement(.pooledCosineMean, 0.99)], .bad),
            ([Measurement(.pairsSpearman, 0.99), Measurement(.pooledCosineMean, 0.97)], .bad),
            // What labels say counts more than what agrees.
            ([Measurement(.accuracy, 0.936, source: 0.94), Measurement(.top1Agreement, 0.9)], .good),
            ([Measurement(.accuracy, 0.93, source: 0.94), Measurement(.top1Agreement, 0.999)], .bad),
            ([Measurement(.perplexityRatio, 1.02), Measurement(.top1Agreement, 0.5)], .good),
            ([Measurement(.perplexityRatio, 1.021)], .bad), ([Measurement(.perplexityRatio, .nan)], .bad),
            ([Measurement(.top1Agreement, 0.98)], .good), ([Measurement(.top1Agreement, 0.979)], .bad),
            ([Measurement(.outputR2, 0.97)], .bad), ([Measurement(.mapsTVMean, 0)], .unmeasured), ([], .unmeasured),
        ] as [([Measurement], ShippingVerdict.Outcome)])
    func defaults(_ metrics: [Measurement], _ expected: ShippingVerdict.Outcome) throws {
        let verdict = try report(metrics).verdict
        #expect(verdict.outcome == expected)
        #expect(verdict.isDefault)
        #expect(verdict.criteria.isEmpty == (expected == .unmeasured))
    }

    @Test("one output of several does not judge, the worst of all does")
    func outputs() throws {
        let metrics = [Measurement(.outputR2, 0.99), Measurement(.outputR2, 0.5, output: "price")]
        #expect(try report(metrics).verdict.outcome == .good)
    }

    @Test("few texts that say yes cannot tell, few that say no can", arguments: [(0.99, true), (0.5, false)])
    func fewTexts(value: Double, isGood: Bool) throws {
        let metrics = [Measurement(.top1Agreement, value)], enough = ShippingVerdict.fewestTexts
        #expect(try report(metrics, texts: enough - 1).verdict.outcome == (isGood ? .unsure : .bad))
        #expect(try report(metrics, texts: enough).verdict.outcome == (isGood ? .good : .bad))
    }

    @Test("gates take the place of the defaults", arguments: [(0.9, ShippingVerdict.Outcome.good), (0.97, .bad)])
    func gates(limit: Double, expected: ShippingVerdict.Outcome) throws {
        let verdict = try report(
            [Measurement(.pairsSpearman, 0.95)], texts: 3, gates: [Gate(.pairsSpearman, .less, limit)]
        ).verdict
        #expect(verdict.outcome == expected)
        #expect(!verdict.isDefault && verdict.criteria.isEmpty)
    }
}
