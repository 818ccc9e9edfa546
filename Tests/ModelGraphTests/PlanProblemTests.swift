import ModelGraph
import Plans
import Testing

@Suite("Everything that is wrong with a plan, at once")
struct PlanProblemTests {
    let graph = Graph.encoder(EncoderSizes(layers: 4)).sound

    @Test("a layer that is missing hides neither a map that comes later nor one that does not exist")
    func missingLayer() {
        var plan = ReusePlan(of: graph, budget: "1/3")
        plan.layers[1].heads[0].source = .reused(head(2, 0))
        plan.layers[2].heads[1].source = .reused(head(1, 9))
        plan.layers.removeLast()
        let found = problems { () throws(GraphError) in _ = try graph.applying(plan) }
        #expect(
            found.map(\.subject) == [
                "layers/3/attention", head(1, 0).description, head(2, 1).description,
            ])
    }

    @Test("a layer that is listed twice, another with too few heads and a map that comes later are three problems")
    func several() {
        var plan = ReusePlan(of: graph, budget: "1/3")
        plan.layers[0].heads.removeLast()
        plan.layers[1].heads[0].source = .reused(head(3, 0))
        plan.layers.append(plan.layers[2])
        let found = problems { () throws(GraphError) in _ = try graph.applying(plan) }
        #expect(found.count == 3 && Set(found.map(\.subject)).count == 3)
    }
}
