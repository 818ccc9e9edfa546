import Foundation
import ReuseTransformers
import TestSupport
import Testing

@Suite("Conversion by the library")
struct ConversionTests {
    private let scratch = Scratch()

    /// Texts for conversions that need not be good.
    private static func texts() throws -> [String] { try Fixtures.texts("calibration.txt", 60) }

    /// One analysis for all tests: it takes the longest.
    private static let shared = Task {
        let model = try await Fixtures.encoderModel()
        return (model, try await ModelAnalyzer(model).analyze(calibration: try texts()).output)
    }

    @Test("an analysis says which heads are alike, and plans for larger budgets contain those for smaller")
    func analysis() async throws {
        let (model, analysis) = try await Self.shared.value
        #expect(analysis.heads.count == model.attentionMaps.computed && analysis.calibration.texts == 54)
        let (first, second) = (analysis.heads[0], analysis.heads[1])
        let similarity = try #require(analysis.similarity(of: first, to: second))
        #expect(similarity > 0 && similarity < 1 && analysis.similarity(of: second, to: first) == similarity)
        let small = try analysis.plan(for: .maps(0.2)), large = try analysis.plan(for: .maps(0.4))
        for (layer, larger) in zip(small.layers, large.layers) { #expect(layer.computed >= larger.computed) }
        #expect(small.layers.reduce(0) { $0 + $1.heads - $1.computed } >= 8)
        try small.check(on: model)
    }

    @Test("an analysis and a plan that were written are read back as they were")
    func documents() async throws {
        let (_, analysis) = try await Self.shared.value
        try await analysis.write(to: scratch.url("analysis.json"))
        // Documents round their numbers; what was read is written as it stands.
        let read = try await ModelAnalysis(contentsOf: scratch.url("analysis.json"))
        try await read.write(to: scratch.url("again.json"))
        #expect(
            try Data(contentsOf: scratch.url("again.json")) == Data(contentsOf: scratch.url("analysis.json"))
                && read.heads == analysis.heads)
        let plan = try analysis.plan(for: .maps(1 / 3))
        try await plan.write(to: scratch.url("plan.json"))
        #expect(try await ConversionPlan(contentsOf: scratch.url("plan.json")) == plan)
        #expect(try ConversionPlan(json: plan.json()) == plan)
    }

    @Test("a conversion tells how far it is and ends with a model that computes fewer maps, read back from its file")
    func steps() async throws {
        let (model, analysis) = try await Self.shared.value
        let file = scratch.url("small.reuse.h5")
        var stages: [WorkProgress.Stage] = [], result: ConversionResult?
        let data = CalibrationData.texts(try Self.texts())
        for try await step in ModelConverter(model).convert(
            calibration: data, budget: .maps(1 / 3), analysis: analysis, to: file)
        {
            switch step {
            case .progress(let progress): if stages.last != progress.stage { stages.append(progress.stage) }
            case .finished(let finished): result = finished
            }
        }
        let finished = try #require(result)
        // A reader that is slow may miss stages, never their order.
        let order: [WorkProgress.Stage] = [.rewriting, .writing, .comparingModels]
        #expect(stages == order.filter(stages.contains) && !stages.isEmpty)
        #expect(finished.model.attentionMaps == (24, 36))
        #expect(abs(finished.comparison.mapsSaved - 1.0 / 3) < 1e-9)
        #expect(try #require(finished.comparison[.hiddenCosineMean]) > 0.8)
        let read = try await TransformerModel(at: file)
        let texts = ["a text to embed"]
        #expect(
            try await TextEmbedder(read).embeddings(for: texts)
                == TextEmbedder(finished.model).embeddings(for: texts))
    }

    @Test("a conversion from a written analysis gives the bytes of one that analyses by itself")
    func writtenAnalysis() async throws {
        let model = try await Self.shared.value.0
        let texts = try Fixtures.texts("calibration.txt", 24)
        let data = CalibrationData.texts(texts), converter = ModelConverter(model)
        _ = try await converter.convert(
            calibration: data, budget: .maps(1 / 3), to: scratch.url("at-once.reuse.h5")
        ).output
        try await ModelAnalyzer(model).analyze(calibration: texts).output.write(to: scratch.url("a.json"))
        let read = try await ModelAnalysis(contentsOf: scratch.url("a.json"))
        _ = try await converter.convert(
            calibration: data, budget: .maps(1 / 3), analysis: read, to: scratch.url("in-two-steps.reuse.h5")
        ).output
        #expect(
            try Data(contentsOf: scratch.url("at-once.reuse.h5"))
                == Data(contentsOf: scratch.url("in-two-steps.reuse.h5")))
    }

    @Test("a model that stays in memory is the one that is written")
    func inMemory() async throws {
        let (model, analysis) = try await Self.shared.value
        let converter = ModelConverter(model)
        let data = CalibrationData.texts(try Self.texts()), plan = try analysis.plan(for: .maps(0.2))
        let kept = try await converter.convert(calibration: data, plan: plan).output
        _ = try await converter.convert(calibration: data, plan: plan, to: scratch.url("direct.reuse.h5")).output
        try await kept.model.write(to: scratch.url("later.reuse.h5"))
        #expect(
            try Data(contentsOf: scratch.url("direct.reuse.h5")) == Data(contentsOf: scratch.url("later.reuse.h5")))
    }

    @Test("a plan is applied without data where nothing is healed")
    func rewrite() async throws {
        let (model, analysis) = try await Self.shared.value
        let plan = try analysis.plan(for: .maps(1 / 3))
        let result = try await ModelConverter(model).rewrite(along: plan, to: scratch.url("plain.reuse.h5")).output
        #expect(result.model.attentionMaps.computed == 24 && result.comparison.passed)
    }

    @Test("a budget on quality gives the largest plan that holds it")
    func quality() async throws {
        let (model, analysis) = try await Self.shared.value
        // Ten of them choose.
        let data = CalibrationData.texts(try Fixtures.texts("calibration.txt", 110))
        let converter = ModelConverter(model, .init(granularity: .layer))
        let plan = try await converter.plan(
            calibration: data, budget: .quality(.hiddenCosineMean, atLeast: 0.9), analysis: analysis
        ).output
        let result = try await converter.convert(calibration: data, plan: plan).output
        #expect(try #require(result.comparison[.hiddenCosineMean]) >= 0.9)
        await #expect {
            try await converter.plan(
                calibration: data, budget: .quality(.hiddenCosineMean, atLeast: 1.5), analysis: analysis
            ).output
        } throws: { ($0 as? TransformerError)?.kind == .usage }
    }

    @Test("gates judge: a model passes those that it keeps and names those that it does not")
    func gates() async throws {
        let model = try await Fixtures.encoderModel()
        let verifier = ModelVerifier(source: model, converted: model)
        let data = VerificationData(texts: try Fixtures.texts("heldout.txt", 12))
        let comparison = try await verifier.verify(
            on: data, gates: [.below(0.99, .hiddenCosineMean), try QualityGate("top1.agreement>=1")]
        ).output
        #expect(!comparison.passed && comparison.failures.count == 1)
        #expect(comparison.failures[0].contains("top1.agreement"))
        #expect(comparison.junit.contains("<testsuite") && comparison[.hiddenCosineMean] == 1)
    }

    @Test("too few data, damaged budgets and plans of other models are the caller's mistakes")
    func mistakes() async throws {
        let (model, analysis) = try await Self.shared.value
        func kind(_ body: () async throws -> Void) async -> TransformerError.Kind? {
            do { try await body() } catch { return (error as? TransformerError)?.kind }
            return nil
        }
        #expect(
            await kind { _ = try await ModelAnalyzer(model).analyze(calibration: ["one text"]).output } == .usage)
        #expect(await kind { _ = try ConversionBudget("maps:2") } == .usage)
        #expect(await kind { _ = try analysis.plan(for: .maps(0.999)) } == .usage)
        let other = try await TransformerModel(at: Fixtures.gpt)
        // The language model has layers of the same names and sizes as the encoder; the answering model has not.
        let third = try await TransformerModel(at: Fixtures.encoder.deletingLastPathComponent().appending(path: "t5"))
        #expect(await kind { try analysis.plan(for: .maps(0.2)).check(on: third) } == .usage)
        #expect(
            await kind {
                _ = try await ModelConverter(other).convert(
                    calibration: .texts(try Self.texts()), budget: .maps(0.2), analysis: analysis
                ).output
            } == .usage)
        #expect(
            await kind {
                let plan = try analysis.plan(for: .maps(0.2))
                _ = try await ModelConverter(model).rewrite(along: plan, to: scratch.url("no/folder.h5")).output
            } == .inputOutput)
    }
}
