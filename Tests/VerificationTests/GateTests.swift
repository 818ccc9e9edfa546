import Testing
import Verification

@Suite("Gates")
struct GateTests {
    @Test(
        "a gate is metric, comparison, limit, with or without spaces",
        arguments: [
            ("hidden.cosine.mean<0.97", Gate(.hiddenCosineMean, .less, 0.97)),
            ("  logits.kl.mean  >=  1e-3 ", Gate(.logitsKLMean, .greaterOrEqual, 0.001)),
            ("top1.agreement != 1", Gate(.top1Agreement, .unequal, 1)),
            ("maps.saved<=.25", Gate(.mapsSaved, .lessOrEqual, 0.25)),
            ("perplexity.ratio==1", Gate(.perplexityRatio, .equal, 1)),
            ("speedup>-1", Gate(.speedup, .greater, -1)),
        ])
    func parses(text: String, expected: Gate) throws {
        #expect(try Gate(parsing: text) == expected)
    }

    @Test(
        "what is no gate is refused with what to write instead",
        arguments: [
            ("hidden.cosine.mean", "METRIC OP VALUE"), ("", "METRIC OP VALUE"), ("0.97", "METRIC OP VALUE"),
            ("hidden.cosine<0.9", "hidden.cosine.mean, hidden.cosine.min"), ("<0.9", "there is no metric \"\""),
            ("accuracy=<0.9", "\"=<\""), ("accuracy<", "\"\""), ("accuracy<high", "\"high\""),
            ("accuracy<nan", "\"nan\""),
            ("accuracy<inf", "\"inf\""), ("accuracy<0.9<1", "\"0.9<1\""),
        ])
    func refuses(text: String, mention: String) throws {
        let error = try #require(throws: Gate.SyntaxError.self) { try Gate(parsing: text) }
        #expect(error.description.contains(mention))
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

    @Test("the name of every metric is told to those who misspell one")
    func listsMetrics() throws {
        let error = try #require(throws: Gate.SyntaxError.self) { try Gate(parsing: "cosine<1") }
        for metric in Metric.allCases { #expect(error.description.contains(metric.rawValue)) }
    }
}
