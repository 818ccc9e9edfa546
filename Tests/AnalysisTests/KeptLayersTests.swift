import Analysis
import ModelGraph
import TestSupport
import Testing

@Suite("The reach of budgets where layers stay")
struct KeptLayersTests {
    /// Four layers of three heads.
    private let graph = Model.random(layers: 4, seed: 1).graph

    @Test(
        "open layers may let every map go but one of the first, kept ones none",
        arguments: [([0], 9.0 / 12), ([1], 8.0 / 12), ([1, 2, 3], 2.0 / 12), ([0, 1, 2, 3], 0)] as [([Int], Double)])
    func reach(kept: [Int], largest: Double) throws {
        let names = Set(kept.map { attentionName($0) })
        if largest > 0 {
            try Budget("maps:\(largest)").checkReach(in: graph, keeping: names)
        }
        do {
            try Budget("maps:\(largest + 0.01)").checkReach(in: graph, keeping: names)
            Issue.record("was not refused")
        } catch {
            #expect("\(error)".contains("the largest saving that this model allows is"))
        }
    }
}
