import ModelGraph
import Reporting
import Testing

@Suite("Plans for people")
struct PlanTableTests {
    /// A plan of an encoder–decoder of `heads` heads, each second one a blend of three far maps.
    private func plan(layers: Int, heads: Int) -> ReusePlan {
        let nodes = (0..<layers).map { "decoder/layer_\($0)/cross" }
        return ReusePlan(
            budget: "1/2",
            layers: nodes.enumerated().map { row, node in
                .init(
                    node: node,
                    heads: (0..<heads).map { head in
                        guard row > 0, head.isMultiple(of: 2) else { return .init(source: .computed) }
                        return .init(
                            source: .borrowed([
                                .init(weight: 0.1, map: .pattern(.identity)),
                                .init(weight: 0.6, map: .head(HeadID(node: nodes[row - 1], head: heads - 1))),
                                .init(weight: 0.3, map: .head(HeadID(node: nodes[0], head: 1))),
                            ]))
                    })
            })
    }

    @Test(
        "no line of a plan is longer than a terminal is wide, and no head is lost",
        arguments: [(2, 4), (12, 12), (24, 16), (120, 40)])
    func width(layers: Int, heads: Int) {
        let text = PlanTable.table(of: plan(layers: layers, heads: heads)).text
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= PlanTable.width })
        let arrows = text.count { $0 == "←" }
        #expect(arrows == (layers - 1) * ((heads + 1) / 2))
        #expect(text.contains("H0 ← L0H\(heads - 1) + L0H1 + self"))
    }

    @Test("an entry longer than a line is broken before a plus sign")
    func longEntry() {
        let node = "layer_10/attention"
        let terms = (0..<30).map { MapTerm(weight: Float(30 - $0), map: .head(HeadID(node: node, head: 100 + $0))) }
        let layers = [
            ReusePlan.Layer(node: node, heads: Array(repeating: .init(source: .computed), count: 130)),
            ReusePlan.Layer(
                node: "layer_11/attention", heads: [.init(source: .borrowed(terms)), .init(source: .dropped)]),
        ]
        let lines = PlanTable.table(of: ReusePlan(budget: "1", layers: layers)).text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= PlanTable.width })
        #expect(lines.count > 5)
        for head in 100..<130 { #expect(lines.count { $0.contains("L0H\(head)") } == 1) }
        #expect(lines.last?.contains("H1 dropped") == true)
    }
}
