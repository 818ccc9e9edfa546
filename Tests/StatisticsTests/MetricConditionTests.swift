import Statistics
import Testing

@Suite("Conditions on metrics")
struct MetricConditionTests {
    @Test(
        "a condition is metric, comparison, limit, with or without spaces",
        arguments: [
            ("hidden.cosine.mean<0.97", MetricCondition(.hiddenCosineMean, .less, 0.97)),
            ("  logits.kl.mean  >=  1e-3 ", MetricCondition(.logitsKLMean, .greaterOrEqual, 0.001)),
            ("top1.agreement != 1", MetricCondition(.top1Agreement, .unequal, 1)),
            ("maps.saved<=.25", MetricCondition(.mapsSaved, .lessOrEqual, 0.25)),
            ("perplexity.ratio==1", MetricCondition(.perplexityRatio, .equal, 1)),
            ("speedup>-1", MetricCondition(.speedup, .greater, -1)),
        ])
    func parses(text: String, expected: MetricCondition) throws {
        #expect(try MetricCondition(parsing: text) == expected)
    }

    @Test(
        "a text that is no condition is refused with what to write instead",
        arguments: [
            ("hidden.cosine.mean", "METRIC OP VALUE"), ("", "METRIC OP VALUE"), ("0.97", "METRIC OP VALUE"),
            ("hidden.cosine<0.9", "hidden.cosine.mean, hidden.cosine.min"), ("<0.9", "there is no metric \"\""),
            ("accuracy=<0.9", "\"=<\""), ("accuracy<", "\"\""), ("accuracy<high", "\"high\""),
            ("accuracy<nan", "\"nan\""),
            ("accuracy<inf", "\"inf\""), ("accuracy<0.9<1", "\"0.9<1\""),
        ])
    func refuses(text: String, mention: String) throws {
        let error = try #require(throws: MetricCondition.SyntaxError.self) { try MetricCondition(parsing: text) }
        #expect(error.description.contains(mention))
    }

    @Test("a condition is read back from its own description")
    func description() throws {
        for metric in Metric.allCases {
            for comparison in Comparison.allCases {
                let condition = MetricCondition(metric, comparison, 0.1)
                #expect(try MetricCondition(parsing: condition.description) == condition)
            }
        }
    }

    @Test("a value that is no number fulfils no condition but that it be unequal")
    func notANumber() {
        for comparison in Comparison.allCases {
            #expect(MetricCondition(.accuracy, comparison, 0.5).holds(.nan) == (comparison == .unequal))
        }
    }

    @Test("the name of every metric is told to those who misspell one")
    func listsMetrics() throws {
        let error = try #require(throws: MetricCondition.SyntaxError.self) { try MetricCondition(parsing: "cosine<1") }
        for metric in Metric.allCases { #expect(error.description.contains(metric.rawValue)) }
    }
}
