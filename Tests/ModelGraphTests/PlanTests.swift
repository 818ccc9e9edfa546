import Costs
import ModelGraph
import Plans
import TestSupport
import Testing

@Suite("Applying a plan")
struct PlanTests {
    let graph = Graph.encoder(EncoderSizes(layers: 4)).sound

    private func plan(_ change: (inout ReusePlan) -> Void) -> ReusePlan {
        var plan = ReusePlan(of: graph, budget: "1/3")
        change(&plan)
        return plan
    }

    @Test("the plan of a graph changes nothing")
    func own() throws {
        #expect(try graph.applying(ReusePlan(of: graph)) == graph)
        #expect(ReusePlan(of: graph).replacedCount == 0)
    }

    @Test("a chain over layers ends at the head that computes")
    func chain() throws {
        let plan = plan {
            $0.layers[1].heads[0].source = .reused(head(0, 2))
            $0.layers[2].heads[1].source = .reused(head(1, 0))
            $0.layers[3].heads[2].source = .reused(head(2, 1))
        }
        let result = try graph.applying(plan)
        for id in [head(1, 0), head(2, 1), head(3, 2)] { #expect(result.source(of: id) == .reused(head(0, 2))) }
        #expect(result.mapCount == 9)
        #expect(plan.replacedCount == 3)
    }

    @Test(
        "a chain inside a layer is resolved in any order of its heads",
        arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
    func chainInLayer(order: [Int]) throws {
        // order[1] borrows from order[0], which borrows from layer 0; order[2] borrows from order[1].
        let plan = plan {
            $0.layers[1].heads[order[0]].source = .reused(head(0, 0))
            $0.layers[1].heads[order[1]].source = .reused(head(1, order[0]))
            $0.layers[1].heads[order[2]].source = .reused(head(1, order[1]))
        }
        let result = try graph.applying(plan)
        for index in 0..<3 { #expect(result.source(of: head(1, index)) == .reused(head(0, 0))) }
    }

    @Test("weights multiply along a chain, and terms with one root are added")
    func blends() throws {
        let plan = plan {
            $0.layers[1].heads[0].source = .borrowed([
                MapTerm(weight: 0.5, map: .head(head(0, 0))), MapTerm(weight: 0.25, map: .pattern(.first)),
            ])
            $0.layers[2].heads[0].source = .borrowed([
                MapTerm(weight: 2, map: .head(head(1, 0))), MapTerm(weight: 3, map: .head(head(0, 0))),
                MapTerm(weight: -1, map: .pattern(.mean)),
            ])
        }
        // 2 · (½ · map + ¼ · first) + 3 · map − mean
        #expect(
            try graph.applying(plan).source(of: head(2, 0))
                == .borrowed([
                    MapTerm(weight: 4, map: .head(head(0, 0))), MapTerm(weight: 0.5, map: .pattern(.first)),
                    MapTerm(weight: -1, map: .pattern(.mean)),
                ]))
    }

    @Test("heads that borrow from each other in a circle are refused by name")
    func circle() {
        let plan = plan {
            $0.layers[1].heads[0].source = .reused(head(1, 1))
            $0.layers[1].heads[1].source = .reused(head(1, 0))
        }
        let found = problems { () throws(GraphError) in _ = try graph.applying(plan) }
        #expect(found.map(\.subject) == [head(1, 0), head(1, 1)].map(\.description))
        for problem in found { #expect(problem.message.contains("which computes no map itself")) }
    }

    @Test("a plan for another model says everything that does not fit")
    func misfits() {
        let plan = plan {
            $0.layers[0].heads.removeLast()
            $0.layers[1].node = "layers/7/attention"
            $0.layers[3].node = "layers/0/up"
        }
        let found = problems { () throws(GraphError) in _ = try graph.applying(plan) }
        #expect(
            found.map(\.description) == [
                "layers/0/attention: the plan has 2 heads, the model 3",
                "layers/1/attention: the plan says nothing about this attention node",
                "layers/3/attention: the plan says nothing about this attention node",
                "layers/7/attention: the model has no attention node of this name",
                "layers/0/up: the model has no attention node of this name",
            ])
        #expect(found.allSatisfy { $0.kind == .plan })
    }

    @Test("a node listed twice is refused")
    func twice() {
        let plan = plan { $0.layers.append($0.layers[2]) }
        let found = problems { () throws(GraphError) in _ = try graph.applying(plan) }
        #expect(found.map(\.description) == ["layers/2/attention: the plan lists this attention node twice"])
    }

    @Test("a plan of a later version is refused")
    func version() {
        let found = problems { () throws(GraphError) in _ = try graph.applying(plan { $0.version = 2 }) }
        #expect(found.map(\.message) == ["has version 2, this program reads version 1"])
    }

    @Test("the source of a head is found by its name")
    func lookup() {
        let plan = plan { $0.layers[2].heads[1].source = .dropped }
        #expect(plan[head(2, 1)] == .dropped)
        #expect(plan[head(2, 3)] == nil)
        #expect(plan[HeadID(node: "nowhere", head: 0)] == nil)
    }
}
