import Analysis
import Checkpoints
import Costs
import ModelGraph
import Rewriting
import Runtime
import Statistics
import TestSupport
import Testing
import Verification

private let families = [
    "bart", "deberta_v2_conv", "deit", "gemma2_kerashub", "gpt2", "gpt2_kerashub", "gptj", "llama3_kerashub", "mistral",
    "mpnet", "opt_postnorm", "t5_v1_1", "vit_base", "whisper",
]

@Suite("Converting a model of every family")
struct FamilyConversionTests {
    private func read(_ name: String) throws -> Model {
        try Checkpoint.load(path: Repository.fixture("families/\(name)"))
    }

    /// Texts, pictures or recordings without meaning; lengths differ where they may.
    private func items(_ model: Model, count: Int = 60) -> [ModelInput] {
        MadeUpInputs.sequences((0..<count).map { 8 + 2 * ($0 % 4) }, target: 6, graph: model.graph)
    }

    @Test(
        "a model of each family that was analysed, planned and healed computes the same from its file, with fewer maps",
        arguments: families)
    func conversion(_ name: String) throws {
        let model = try read(name)
        let calibration = try CalibrationSet(items(model))
        let analysis = try Analyzer(options: .init(resources: .init(threads: 2))).analyze(
            model, calibration: calibration)
        try analysis.validate()
        #expect(analysis.curves.allSatisfy { $0.points.allSatisfy { $0.difference.damage > -1e-6 } })
        let planner = try Planner(analysis, graph: model.graph)
        let plan = try planner.plan(Budget("maps:1/3"))
        for layer in plan.layers where model.graph.node(named: layer.node)?.attention?.isCross == true {
            let patterns = layer.heads.flatMap(\.source.terms).compactMap { term -> StaticPattern? in
                if case .pattern(let pattern) = term.map { pattern } else { nil }
            }
            #expect(patterns.allSatisfy { $0 == .first || $0 == .mean }, "no key stands beside a query")
        }
        let result = try Converter(options: .init(resources: .init(threads: 2))).convert(
            model, plan: plan, calibration: calibration)
        #expect(result.model.graph.mapCount <= model.graph.mapCount * 2 / 3)
        #expect(result.healing.after.damage <= result.healing.before.damage)
        let data = items(model, count: 6)
        let exactness = try Exactness.check(
            result.model, against: try writtenAndRead(result.model), promise: .bitwise, on: data,
            resources: .init(threads: 2))
        #expect(exactness.isBitwise)
        let metrics = try FidelityStudy(source: model, converted: result.model).measure(data)
        #expect(metrics.contains { $0.metric == .mapsTVMean && $0.value > 0 })
        let isLanguageModel = model.graph.use == .languageModel
        #expect(metrics.contains { $0.metric == .perplexityRatio } == isLanguageModel)
        let savings = Savings(source: model.graph, converted: result.model.graph)
        // With grouped queries a group's key goes only when all of its heads borrow.
        if let cache = savings.cache, savings.memoryCache == nil, !model.graph.hasGroups {
            #expect(cache.converted < cache.source)
        }
    }

    @Test("a plan without replacements changes no bit of a model of any family", arguments: families)
    func identity(_ name: String) throws {
        let model = try read(name)
        let calibration = try CalibrationSet(items(model))
        let result = try Converter().convert(model, plan: ReusePlan(of: model.graph), calibration: calibration)
        let exactness = try Exactness.check(
            model, against: try writtenAndRead(result.model), promise: .bitwise, on: items(model, count: 4))
        #expect(exactness.isBitwise)
        let metrics = try FidelityStudy(source: model, converted: result.model).measure(items(model, count: 4))
        for (metric, value) in [(Metric.mapsTVMean, 0.0), (.perplexityRatio, 1), (.top1Agreement, 1)] {
            if let found = metrics.first(where: { $0.metric == metric }) { #expect(found.value == value) }
        }
    }

    @Test(
        "layers that share weights are planned one by one, and healed only when they may be split",
        arguments: ["albert_groups", "albert_kerashub"])
    func sharedLayers(_ name: String) throws {
        let model = try read(name)
        // Enough rows that a refit carries over to other texts.
        let calibration = try CalibrationSet(items(model, count: 400))
        let analysis = try Analyzer(options: .init(resources: .init(threads: 2))).analyze(
            model, calibration: calibration)
        #expect(analysis.curves.count == model.graph.attentionNodes.count)
        let planner = try Planner(analysis, graph: model.graph)
        let plan = try planner.plan(Budget("maps:1/4"))
        if try planner.saving(of: plan, .bytes(0)) < 0 {
            // Such a plan makes the file larger: only a budget that names what it counts may do that.
            #expect {
                try planner.plan(Budget("1/4"))
            } throws: { error in
                "\(error)".contains("larger") && "\(error)".contains("maps:1/4")
            }
        } else {
            // Where all layers of a group give up the same heads nothing has to be stored twice.
            #expect(name == "albert_groups")
            #expect(try planner.plan(Budget("1/4")).layers == plan.layers)
        }
        #expect {
            try Converter().convert(model, plan: plan, calibration: calibration)
        } throws: { error in
            guard case AnalysisError.shared(let nodes, let bytes)? = error as? AnalysisError else { return false }
            return !nodes.isEmpty && bytes > 0
        }
        let plain = try Converter(options: .init(healing: .none)).convert(model, plan: plan, calibration: calibration)
        let split = try Converter(options: .init(unshares: true)).convert(model, plan: plan, calibration: calibration)
        #expect(split.healing.after.damage < plain.healing.after.damage)
        #expect(split.model.graph.cost(tokens: 8).parameters > plain.model.graph.cost(tokens: 8).parameters)
        for converted in [plain.model, split.model] {
            let exactness = try Exactness.check(
                converted, against: try writtenAndRead(converted), promise: .bitwise, on: items(model, count: 4))
            #expect(exactness.isBitwise)
        }
    }
}

extension CheckedGraph {
    /// Whether heads share keys.
    fileprivate var hasGroups: Bool {
        graph.attentionNodes.contains { node in node.attention.map { $0.groupCount < $0.heads.count } ?? false }
    }
}
