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

@Suite("Attention layers that one matrix stands in for")
struct LinearLayerTests {
    private let sequences = randomSequences(6, seed: 12)

    private func hidden(_ model: Model) throws -> [Float] {
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        return try CompiledModel(model, options: .init(resources: .init(threads: 1))).vectors(of: value, for: sequences)
            .floats
    }

    private func plan(_ model: Model, linear: String) -> ReusePlan {
        var plan = ReusePlan(of: model.graph)
        plan.linear = [.init(node: linear)]
        return plan
    }

    @Test("where every head looks at its own token, one matrix computes the same", arguments: [nil, 1] as [Int?])
    func identity(_ groups: Int?) throws {
        let model = Model.random(layers: 2, seed: 3, groups: groups)
        var own = ReusePlan(of: model.graph)
        for index in 0..<headCount { own.set(.borrowed([MapTerm(map: .pattern(.identity))]), of: head(1, index)) }
        let looking = try model.applying(own)
        let linear = try model.applying(plan(model, linear: attentionName(1)))
        let apart = zip(try hidden(looking), try hidden(linear)).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(apart < 1e-4)
        #expect(linear.tensors["\(attentionName(1))/weight"]?.shape == [width, width])
        #expect(linear.tensors["\(attentionName(1))/query_weight"] == nil)
        // width² for each token, and neither maps nor four projections.
        let saved = model.graph.cost(tokens: 10).multiplyAdds - linear.graph.cost(tokens: 10).multiplyAdds
        let before = try #require(model.graph.multiplyAddsByNode(tokens: 10)[attentionName(1)])
        #expect(saved == before - 10 * width * width)
    }

    @Test("the matrix is fitted to what the layer gives, and the plan of the result suits it")
    func fitting() throws {
        // Half of what each head gives is its own token's, half the text's mean.
        let random = Model.random(layers: 3, seed: 5)
        var mixed = ReusePlan(of: random.graph)
        for index in 0..<headCount {
            let terms = [MapTerm(weight: 0.5, map: .pattern(.identity)), MapTerm(weight: 0.5, map: .pattern(.mean))]
            mixed.set(.borrowed(terms), of: head(1, index))
        }
        let model = try random.applying(mixed)
        let calibration = try CalibrationSet(randomSequences(200, seed: 31))
        let wanted = plan(model, linear: attentionName(1))
        let unhealed = try Converter(options: .init(healing: .none)).convert(
            model, plan: wanted, calibration: calibration)
        let healed = try Converter().convert(model, plan: wanted, calibration: calibration)
        #expect(healed.healing.after.damage < unhealed.healing.after.damage)
        #expect(healed.healing.steps.first?.node == attentionName(1))
        #expect(healed.model.plan?.replacedCount == headCount)
        let again = try healed.model.applying(try #require(healed.model.plan))
        #expect(try hidden(again) == hidden(healed.model))
    }

    @Test("a layer's matrix comes after its heads in plans, and nobody borrows from it")
    func planning() throws {
        let model = Model.random(layers: 3, seed: 5)
        let document = try Analyzer(options: .init(moves: .all))
            .analyze(model, calibration: CalibrationSet(randomSequences(80, seed: 5)))
        #expect(document.linear?.map(\.node) == [attentionName(1), attentionName(2)])
        let goal = try Budget("macs:1%@20").goal
        let planner = try Planner(
            document, graph: model.graph, moves: [.standard, .linear], currency: goal)
        var earlier: Set<String> = []
        for count in 0...planner.steps.count {
            let plan = planner.plan(steps: count)
            let now = Set(plan.linear.map(\.node))
            #expect(earlier.isSubset(of: now))
            earlier = now
            _ = try model.graph.applying(plan)
        }
        #expect(earlier == [attentionName(1), attentionName(2)])
        let bytes = try Document.encode(document)
        #expect(try Document.decode(AnalysisDocument.self, from: bytes).linear == document.linear)
    }

    @Test("nodes that a matrix cannot stand in for are refused by name")
    func refusals() throws {
        func problem(_ graph: CheckedGraph, _ change: (inout ReusePlan) -> Void) -> String {
            var plan = ReusePlan(of: graph)
            change(&plan)
            do throws(GraphError) {
                _ = try graph.applying(plan)
                return ""
            } catch {
                return error.kind == .usage ? error.description : "another kind: \(error)"
            }
        }
        let model = Model.random(layers: 2, seed: 5)
        let cross = translator(borrows: false).graph
        #expect(problem(cross) { $0.linear = [.init(node: "decoder/0/cross")] }.contains("is no self-attention"))
        #expect(problem(model.graph) { $0.linear = [.init(node: "layer_7/attention")] }.contains("no attention node"))
        let twice = problem(model.graph) { plan in
            plan.linear = [.init(node: attentionName(1)), .init(node: attentionName(1))]
        }
        #expect(twice.contains("linear twice"))
        let borrowing = problem(model.graph) { plan in
            plan.linear = [.init(node: attentionName(0))]
            plan.set(.reused(head(0, 0)), of: head(1, 0))
        }
        #expect(borrowing.contains("is not an attention node"))
    }
}
