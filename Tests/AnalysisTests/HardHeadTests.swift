import Analysis
import Costs
import JSON
import ModelGraph
import Plans
import Rewriting
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Heads that look at one key only")
struct HardHeadTests {
    private let model = Model.random(layers: 2, seed: 9)
    private let sequences = randomSequences(6, seed: 12)

    /// The model with the scores of some heads of its first layer sharpened until softmax looks at one key.
    private func sharpened(_ heads: [Int]) throws -> Model {
        var model = model
        for name in ["query_weight", "query_bias"] {
            let id = ParameterID(node: attentionName(0), name: name)
            var values = try #require(model.tensors[id]).floats
            for place in values.indices where heads.contains(place % 24 / 8) { values[place] *= 1e7 }
            model.tensors[id] = Tensor(values, shape: try #require(model.tensors[id]).shape)
        }
        return model
    }

    private func hidden(_ model: Model) throws -> [Float] {
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        return try CompiledModel(model, options: .init(resources: .init(threads: 1))).vectors(of: value, for: sequences)
            .floats
    }

    private func plan(_ model: Model, _ heads: [Int]) -> ReusePlan {
        var plan = ReusePlan(of: model.graph)
        for head in heads { plan.set(.hard, of: HeadID(node: attentionName(0), head: head)) }
        return plan
    }

    @Test("a look-up gives what a softmax gives that has one key alone, and saves the product with the values")
    func lookup() throws {
        let model = try sharpened([0, 2])
        let hard = try model.applying(plan(model, [0, 2]))
        let worst = zip(try hidden(model), try hidden(hard)).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst < 1e-4)
        let tokens = 9
        let saved = model.graph.cost(tokens: tokens).multiplyAdds - hard.graph.cost(tokens: tokens).multiplyAdds
        #expect(saved == tokens * tokens * 2 * 8)
        #expect(hard.tensors.keys == model.tensors.keys)
        #expect(hard.plan?.isWhole == false && hard.plan?.replacedCount == 0)
        let bytes = try Document.encode(plan(model, [1]))
        #expect(try Document.decode(ReusePlan.self, from: bytes, isStrict: true) == plan(model, [1]))
    }

    @Test("an analysis finds the heads that have one key anyway, and plans give them up first")
    func planning() throws {
        let model = try sharpened([1])
        let calibration = try CalibrationSet(randomSequences(80, seed: 5))
        let moves: Moves = [.analyzed, .hard]
        func analysis(_ threads: Int) throws -> AnalysisDocument {
            try Analyzer(options: .init(resources: .init(threads: threads), moves: moves)).analyze(
                model, calibration: calibration)
        }
        let document = try analysis(1)
        #expect(try Document.encode(document) == Document.encode(try analysis(3)))
        let curve = try #require(document.hard?.first { $0.node == attentionName(0) })
        #expect(curve.order.first == 1 && curve.local[0] < 1e-6 && curve.local[1] > 1e-3)
        let budget = try Budget("macs:0.5%@20")
        let planner = try Planner(document, graph: model.graph, moves: .hard, currency: budget.goal)
        let made = try planner.plan(budget)
        #expect(made[HeadID(node: attentionName(0), head: 1)] == .hard)
        #expect(try planner.saving(of: made, budget.goal) >= 0.005 - 1e-9)
        let converted = try Converter().convert(model, plan: made, calibration: calibration)
        #expect(converted.healing.after.damage < 0.01)
        var old = document
        old.hard = nil
        #expect(throws: AnalysisError.self) { try Planner(old, graph: model.graph, moves: .hard) }
        // The same heads twice would be spared twice.
        var double = document
        double.hard = (document.hard ?? []) + (document.hard ?? [])
        #expect(throws: AnalysisError.self) { try Planner(double, graph: model.graph, moves: .hard) }
    }

    @Test("a head whose map others read, or that borrows one itself, is left as it is")
    func beside() throws {
        let document = try Analyzer(options: .init(resources: .init(threads: 1), moves: .all)).analyze(
            model, calibration: CalibrationSet(randomSequences(80, seed: 5)))
        let currency = Budget.Goal.multiplyAdds(0, tokens: 20)
        let planner = try Planner(
            document, graph: model.graph, moves: [.standard, .hard], currency: currency)
        let plan = planner.plan(steps: planner.steps.count)
        for id in model.graph.headIDs where plan[id] == .hard {
            #expect(!plan.layers.flatMap(\.heads).flatMap(\.source.terms).contains { $0.map == .head(id) })
        }
        #expect(throws: Never.self) { try model.applying(plan) }
    }
}
