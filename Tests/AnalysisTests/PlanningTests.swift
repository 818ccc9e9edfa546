import Analysis
import Costs
import JSON
import Matrices
import ModelGraph
import Plans
import Rewriting
import Statistics
import TestSupport
import Testing

@Suite("Budgets and plans")
struct PlanningTests {
    @Test(
        "a budget is read in all its forms",
        arguments: [
            ("1/3", Budget.Goal.attention(1.0 / 3)), ("0.33", .attention(0.33)), ("maps:1/2", .maps(0.5)),
            ("maps:25%", .maps(0.25)),
            ("macs:10%@128", .multiplyAdds(0.1, tokens: 128)), ("bytes:8%", .bytes(0.08)),
            (
                "quality:hidden.cosine.mean>=0.98",
                .quality(MetricCondition(.hiddenCosineMean, .greaterOrEqual, 0.98))
            ),
            ("quality:logits.kl.mean<=0.1", .quality(MetricCondition(.logitsKLMean, .lessOrEqual, 0.1))),
        ])
    func reading(_ text: String, _ expected: Budget.Goal) throws {
        let budget = try Budget(text)
        #expect(budget.goal == expected && budget.text == text)
    }

    @Test(
        "a budget that makes no sense is refused with what would",
        arguments: [
            ("", "share"), ("half", "share"), ("1/0", "share"), ("120%", "share"), ("-0.1", "share"), ("nan", "share"),
            ("macs:10%", "@"), ("macs:10%@0", "@"), ("flops:1/3", "known are"), ("quality:good", ">="),
            ("quality:x>=", "metric"), ("quality:spearman>=", "number"), ("quality:spearman==1", ">= or <="),
        ])
    func refusing(_ text: String, _ hint: String) {
        do {
            _ = try Budget(text)
            Issue.record("\(text) was read")
        } catch {
            #expect("\(error)".contains(hint), "\(error)")
        }
    }

    @Test("the largest plan that is good enough is found by halving, and none when no plan is")
    func quality() throws {
        let model = Model.random(layers: 3, seed: 5)
        let analysis = try Analyzer().analyze(
            model, calibration: CalibrationSet(randomSequences(60, seed: 8)))
        let planner = try Planner(analysis, graph: model.graph)
        let budget = try Budget("quality:spearman>=0.5")
        for limit in 0...planner.steps.count {
            var tried = 0
            let found = planner.largestPlan(for: budget) { _ in
                tried += 1
            } where: {
                $0.replacedCount <= limit
            }
            #expect(found?.replacedCount == (limit == 0 ? nil : limit))
            #expect(limit == 0 || found?.budget == budget.text)
            #expect(tried <= 4)
        }
    }

    @Test("slopes of a lower convex hull ascend and end where the curve ends")
    func hull() {
        #expect(Planner.convexSlopes([0, 1, 2, 3]) == [1, 1, 1])
        // The second step is dear, the third cheap: both together cost 2 each.
        #expect(Planner.convexSlopes([0, 1, 4, 5]) == [1, 2, 2])
        #expect(Planner.convexSlopes([0]) == [])
    }

    @Test("damage between measured points lies on straight lines and never falls")
    func interpolation() {
        func point(_ heads: Int, _ damage: Double) -> DamageCurve.Point {
            .init(heads: heads, difference: OutputDifference(pairs: damage))
        }
        let curve = DamageCurve(
            node: "a", order: [2, 0, 1, 3], local: [0, 0, 0, 0], points: [point(2, 0.5), point(3, 0.25), point(4, 1)])
        #expect(curve.damages == [0, 0.25, 0.5, 0.5, 1])
    }

    /// Three layers of three heads; layer 1 is cheap, layer 2 dear.
    private func document() throws -> (Model, AnalysisDocument) {
        let model = Model.random(layers: 3, seed: 21).copyingMap(of: 1, to: 0, layer: 1)
        let calibration = try CalibrationSet(randomSequences(60, seed: 5))
        return (
            model, try Analyzer(options: .init(resources: .init(threads: 2))).analyze(model, calibration: calibration)
        )
    }

    @Test("a head whose map is a copy is given up first, for its twin, at no damage")
    func copiedHead() throws {
        let (model, document) = try document()
        let planner = try Planner(document, graph: model.graph)
        let plan = try planner.plan(steps: 1, for: Budget("1/9"))
        let replaced = model.graph.headIDs.filter { plan[$0]?.isComputed == false }
        #expect(replaced == [head(1, 0)] || replaced == [head(1, 1)])
        let terms = try #require(plan[replaced[0]]).terms
        #expect(terms.count == 1)
        #expect(terms.first?.map == .head(head(1, 1 - replaced[0].head)))
        #expect(abs((terms.first?.weight ?? 0) - 1) < 1e-3)
        #expect(planner.steps[0].damage < 1e-4)
        #expect(plan.layers[1].heads[replaced[0].head].similarity.map { $0 > 0.9999 } ?? false)
    }

    @Test("a head takes the map that another head of its layer reads, and not one that another layer reads")
    func sharedMaps() throws {
        var (model, document) = try document()
        let first = head(0, 0), second = head(0, 1)
        /// A head with the context (1, 0), whose candidates give it (1, a) and (1, b).
        func candidates(_ id: HeadID, _ a: Double, _ b: Double) -> HeadCandidates {
            let vectors = [[1, 0], [1, a], [1, b]]
            var gram = Matrix(zeros: 3, 3)
            for i in 0..<3 {
                for j in 0..<3 { gram[i, j] = zip(vectors[i], vectors[j]).reduce(0) { $0 + $1.0 * $1.1 } }
            }
            return HeadCandidates(id: id, maps: [.head(first), .head(second)], gram: gram)
        }
        // The first map leaves head 1 of layer 1 less by 1.2 %; for the other heads the second is best.
        document.candidates = [
            candidates(head(1, 0), 2, 0), candidates(head(1, 1), 0.1, 0.15), candidates(head(2, 0), 2, 0),
        ]
        let planner = try Planner(document, graph: model.graph, moves: [.reuse])
        for (heads, chosen) in [
            ([head(1, 1)], first), ([head(1, 0), head(1, 1)], second), ([head(2, 0), head(1, 1)], first),
        ] {
            let plan = planner.plan(replacing: heads)
            #expect(plan[head(1, 1)]?.terms.map(\.map) == [.head(chosen)])
        }
    }

    @Test("plans are nested, reach their budgets with as few heads as possible, and are valid")
    func nesting() throws {
        let (model, document) = try document()
        let planner = try Planner(document, graph: model.graph)
        var earlier: Set<HeadID> = []
        for (text, count) in [("0", 0), ("1/9", 1), ("1/3", 3), ("0.34", 4), ("2/3", 6)] {
            let plan = try planner.plan(Budget(text))
            #expect(plan.replacedCount == count)
            #expect(plan.budget == text)
            let replaced = Set(model.graph.headIDs.filter { plan[$0]?.isComputed == false })
            #expect(earlier.isSubset(of: replaced))
            earlier = replaced
            _ = try model.graph.applying(plan)
        }
    }

    @Test("budgets on multiply-adds and bytes are kept by the cost model's own figures")
    func costs() throws {
        let (model, document) = try document()
        let planner = try Planner(document, graph: model.graph)
        for text in ["macs:8%@20", "bytes:8%"] {
            let plan = try planner.plan(Budget(text))
            let after = try model.graph.applying(plan)
            let before = model.graph.cost(tokens: 20), cost = after.cost(tokens: 20)
            let saved =
                text.hasPrefix("macs")
                ? 1 - Double(cost.multiplyAdds) / Double(before.multiplyAdds)
                : 1 - Double(cost.parameters) / Double(before.parameters)
            #expect(saved >= 0.08)
            let smaller = planner.plan(steps: plan.replacedCount - 1)
            let less = try planner.saving(of: smaller, Budget(text).goal)
            #expect(less < 0.08)
        }
        #expect(throws: AnalysisError.self) { try planner.plan(Budget("bytes:90%")) }
        #expect(throws: AnalysisError.self) { try planner.plan(Budget("quality:spearman>=1")) }
    }

    @Test("the curve of plans starts at nothing and saves more with every step")
    func curve() throws {
        let (model, document) = try document()
        let curve = try PlanCurve(Planner(document, graph: model.graph), tokens: 20)
        #expect(curve.points.first?.maps == 0 && curve.points.first?.damage == 0)
        for (a, b) in zip(curve.points, curve.points.dropFirst()) {
            #expect(b.replaced == a.replaced + 1)
            #expect(b.maps > a.maps && b.bytes > a.bytes && b.damage >= a.damage)
        }
        // One head of the first layer always computes.
        #expect(curve.points.last?.replaced == 8)
    }

    @Test("whole layers are given up together")
    func layers() throws {
        let (model, document) = try document()
        let planner = try Planner(document, graph: model.graph, granularity: .layer)
        let plan = try planner.plan(Budget("1/3"))
        #expect(plan.layers.map { $0.heads.count { !$0.source.isComputed } }.sorted() == [0, 0, 3])
        #expect(!plan.layers[0].heads.contains { !$0.source.isComputed })
    }

    @Test("an analysis is the same document for any number of threads, and survives writing and reading")
    func documents() throws {
        let model = Model.random(layers: 2, seed: 3)
        let calibration = try CalibrationSet(randomSequences(40, seed: 8))
        let one = try Analyzer(options: .init(resources: .init(threads: 1))).analyze(model, calibration: calibration)
        let three = try Analyzer(options: .init(resources: .init(threads: 3))).analyze(model, calibration: calibration)
        let bytes = try Document.encode(one)
        let others = try Document.encode(three)
        #expect(bytes == others)
        let read = try Document.decode(AnalysisDocument.self, from: bytes)
        let again = try Document.encode(read)
        #expect(again == bytes)
        try read.validate()
    }

    @Test("a damaged analysis is refused with the path at fault")
    func damaged() throws {
        let (model, document) = try document()
        var triangle = document
        triangle.similarity[2].removeLast()
        #expect(throws: AnalysisError.self) { try Planner(triangle, graph: model.graph) }
        var unknown = document
        unknown.heads[0] = HeadProfile(
            id: HeadID(node: "nobody", head: 0), entropy: 0, first: 0, previous: 0, next: 0, own: 0, separator: nil)
        #expect(throws: AnalysisError.self) { try Planner(unknown, graph: model.graph) }
    }

    @Test("too few texts are refused with the number that is needed")
    func fewTexts() {
        #expect(throws: AnalysisError.self) { try CalibrationSet(randomSequences(5, seed: 1)) }
    }
}
