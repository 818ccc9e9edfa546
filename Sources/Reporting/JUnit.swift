import Verification

/// The verdict as JUnit XML, which CI systems show as test results.
///
/// Strict readers (the Ant task's schema, on which most others are built) want a time, a host and an identifier of
/// every suite. A verdict is the same file whenever and wherever it is written, so these say nothing.
package enum JUnit {
    private static let noTime = "1970-01-01T00:00:00"

    /// One test case a gate, and one for exactness where it was promised.
    package static func document(of report: VerificationReport) -> String {
        let suite = "\(report.source.name) → \(report.converted.name)"
        var cases: [Markup] = report.gates.map { gate in
            let value = gate.value.map { Format.significant($0, 6) } ?? "not a number"
            return testCase(
                "\(gate.condition) must not hold", suite,
                failure: gate.passed ? nil : "\(gate.metric.rawValue) is \(value), gate: fail when \(gate.condition)")
        }
        if let exactness = report.exactness {
            cases.append(
                testCase(
                    "equals the source where nothing was replaced", suite,
                    failure: exactness.holds
                        ? nil : "largest difference \(Format.significant(exactness.largestDifference, 3))"))
        }
        let failures = report.gates.count { !$0.passed } + (report.exactness?.holds == false ? 1 : 0)
        let properties = report.metrics.map { measurement in
            let name = measurement.metric.rawValue + (measurement.output.map { " of \($0)" } ?? "")
            return Markup.empty("property", ["name": name, "value": "\(measurement.value)"])
        }
        return document(ofSuite: suite, cases, properties: properties, failures: failures, errors: 0)
    }

    /// The document around a suite's test cases.
    static func document(
        ofSuite suite: String, _ cases: [Markup], properties: [Markup], failures: Int, errors: Int
    ) -> String {
        var result = Markup.verbatim("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        let attributes: KeyValuePairs<StaticString, String> = [
            "name": suite, "id": "0", "package": "reuseformer.verify", "timestamp": Self.noTime,
            "hostname": "localhost",
            "tests": "\(cases.count)", "failures": "\(failures)", "errors": "\(errors)", "time": "0",
        ]
        let streams = [Markup.empty("system-out", [:]), .empty("system-err", [:])]
        result.append(
            .element(
                "testsuites", [:],
                .element("testsuite", attributes, [.element("properties", [:], properties)] + cases + streams)))
        return result.source + "\n"
    }

    private static func testCase(_ name: String, _ suite: String, failure: String?) -> Markup {
        let contents = failure.map { [Markup.element("failure", ["message": $0, "type": "gate"], .text($0))] } ?? []
        return .element("testcase", ["classname": suite, "name": name, "time": "0"], contents)
    }
}
