import Analysis
import ModelGraph
import Rewriting
import Runtime
import TestSupport
import Testing

@Suite("Budgets on speed")
struct SpeedBudgetTests {
    @Test("a speed is a share of the multiply-adds at its length: 2x is half of them")
    func share() throws {
        let budget = try Budget("speed:2x@32x128")
        #expect(budget.goal == .speed(2, sequences: 32, tokens: 128) && budget.text == "speed:2x@32x128")
        let model = Model.random(layers: 2, seed: 9)
        let document = try Analyzer(options: .init(resources: .init(threads: 1), moves: .analyzed)).analyze(
            model, calibration: CalibrationSet(randomSequences(80, seed: 5)))
        let moves: Moves = [.standard, .neurons, .ranks]
        let speed = try Budget("speed:1.25x@4x20"), work = try Budget("macs:20%@20")
        let plans = try [speed, work].map { budget in
            try Planner(document, graph: model.graph, moves: moves, currency: budget.goal).plan(budget)
        }
        #expect(plans[0].layers == plans[1].layers && plans[0].neurons == plans[1].neurons)
        #expect(plans[0].ranks == plans[1].ranks && plans[0].budget == "speed:1.25x@4x20")
        #expect(throws: AnalysisError.self) { try Budget("speed:50x@1x20").checkReach(in: model.graph) }
    }

    @Test(
        "what is no speed is refused with what would be one",
        arguments: [
            "speed:2@32x128", "speed:2x", "speed:2x@128", "speed:0.5x@32x128", "speed:infx@32x128", "speed:2x@0x128",
            "speed:2x@32x-1", "speed:2x@32x128x2", "speed:x@1x1", "speed:nanx@1x1", "speed:2x@99999999999999999999x1",
        ])
    func nonsense(_ text: String) {
        #expect { try Budget(text) } throws: { "\($0)".contains("speed:1.5x@32x128") }
    }
}
