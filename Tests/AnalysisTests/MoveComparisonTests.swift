import Analysis
import ModelGraph
import Rewriting
import Runtime
import TestSupport
import Testing

@Suite("Kinds of moves at equal savings")
struct MoveComparisonTests {
    private func curve(_ name: String, _ points: [(Double, Double)]) -> MoveComparison.Curve {
        .init(moves: name, points: points.map { .init(multiplyAdds: $0.0, damage: $0.1) })
    }

    @Test("damage between plans lies on straight lines, and beyond the last there is none")
    func between() {
        let maps = curve("maps", [(0, 0), (0.1, 0.2), (0.1, 0.3), (0.2, 1)])
        #expect(maps.damage(saving: 0) == 0)
        #expect(abs((maps.damage(saving: 0.05) ?? 0) - 0.1) < 1e-12)
        #expect(abs((maps.damage(saving: 0.15) ?? 0) - 0.65) < 1e-12)
        #expect(maps.damage(saving: 0.21) == nil)
    }

    @Test("where the cheapest kind changes is named, and so is where a kind comes to its end")
    func crossovers() {
        // Ranks cost 1 a unit, neurons 3 times the square: equal at a third.
        let squares = (0...100).map { (step: Int) -> (Double, Double) in
            let share = Double(step) / 100
            return (share, 3 * share * share)
        }
        let neurons = curve("neurons", squares)
        let ranks = curve("ranks", [(0, 0), (0.5, 0.5)])
        let found = MoveComparison.crossovers(of: [ranks, neurons])
        #expect(found.count == 2)
        #expect(found[0].below == "neurons" && found[0].above == "ranks")
        #expect(abs(found[0].multiplyAdds - 1.0 / 3) < 0.006)
        #expect(found[1] == MoveComparison.Crossover(multiplyAdds: 0.501, below: "ranks", above: "neurons"))
        #expect(MoveComparison.crossovers(of: []).isEmpty)
    }

    @Test("each kind alone is what a planner of that kind alone gives, and the mix costs no more than any")
    func kinds() throws {
        let model = Model.random(layers: 2, seed: 9)
        let document = try Analyzer(options: .init(resources: .init(threads: 1), moves: .analyzed)).analyze(
            model, calibration: CalibrationSet(randomSequences(80, seed: 5)))
        let currency = Budget.Goal.multiplyAdds(0, tokens: 20)
        let planner = try Planner(
            document, graph: model.graph, moves: [.standard, .neurons, .ranks], currency: currency)
        for (name, moves) in [("maps", Moves.standard), ("neurons", .neurons), ("ranks", .ranks)] {
            let alone = try Planner(document, graph: model.graph, moves: moves, currency: currency)
            let kind = try #require(planner.kinds.first { $0.name == name }).planner
            #expect(kind.steps.map(\.rung) == alone.steps.map(\.rung))
            for (one, other) in zip(kind.steps, alone.steps) { #expect(abs(one.damage - other.damage) < 1e-9) }
        }
        let comparison = try MoveComparison(planner, tokens: 20)
        #expect(comparison.curves.map(\.moves) == ["maps", "neurons", "ranks", "all"])
        let all = try #require(comparison.curves.last)
        let reach = try #require(all.points.last).multiplyAdds
        #expect(comparison.curves.allSatisfy { ($0.points.last?.multiplyAdds ?? 0) <= reach + 1e-9 })
    }
}
