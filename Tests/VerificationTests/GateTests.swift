import ModelGraph
import Statistics
import Testing
import Verification

@Suite("Gates")
struct GateTests {
    @Test("a gate is read from metric, comparison and limit")
    func parses() throws {
        #expect(try Gate(parsing: "hidden.cosine.mean < 0.97") == Gate(.hiddenCosineMean, .less, 0.97))
        #expect(throws: MetricCondition.SyntaxError.self) { try Gate(parsing: "accuracy=<0.9") }
    }

    @Test(
        "a gate fails when its condition holds",
        arguments: [
            ("accuracy<0.5", 0.49, true), ("accuracy<0.5", 0.5, false), ("accuracy<=0.5", 0.5, true),
            ("accuracy>0.5", 0.5, false), ("accuracy>=0.5", 0.5, true), ("accuracy==0.5", 0.5, true),
            ("accuracy!=0.5", 0.5, false), ("accuracy>0.5", .nan, true), ("accuracy<0.5", .nan, true),
        ])
    func judges(text: String, value: Double, fails: Bool) throws {
        #expect(try Gate(parsing: text).fails(value) == fails)
    }
}
