import Verification

/// The verdict as JUnit XML, which CI systems show as test results.
///
/// Strict readers (the Ant task's schema, on which most others are built) want a moment, a host and an identifier of
/// every suite: these say nothing. Times are seconds of measuring; what several gates rest on was measured once, and
/// the first of them has its time.
package enum JUnit {
    private static let noTime = "1970-01-01T00:00:00"

    /// One test case a gate, and one for exactness where it was promised.
    package static func document(of report: VerificationReport, times: StudyTimes = StudyTimes()) -> String {
        let suite = "\(report.source.name) → \(report.converted.name)"
        var left = times
        var cases: [Markup] = report.gates.map { gate in
            let value = gate.value.map { Format.significant($0, 6) } ?? "not a number"
            return testCase(
                "\(gate.condition) must not hold", suite,
                seconds: StudyTimes.Study(of: gate.metric).map { left.take($0) } ?? 0,
                failure: gate.passed ? nil : "\(gate.metric.rawValue) is \(value), gate: fail when \(gate.condition)")
        }
        if let exactness = report.exactness {
            cases.append(
                testCase(
                    "equals the source where nothing was replaced", suite, seconds: left.take(.exactness),
                    failure: exactness.holds
                        ? nil : "largest difference \(Format.significant(exactness.largestDifference, 3))"))
        }
        let failures = report.gates.count { !$0.passed } + (report.exactness?.holds == false ? 1 : 0)
        let properties = report.metrics.map { measurement in
            let name = measurement.metric.rawValue + (measurement.output.map { " of \($0)" } ?? "")
            return Markup.empty("property", ["name": name, "value": "\(measurement.value)"])
        }
        return document(
            ofSuite: suite, cases, properties: properties, failures: failures, errors: 0, seconds: times.total)
    }

    /// The document around a suite's test cases.
    static func document(
        ofSuite suite: String, _ cases: [Markup], properties: [Markup], failures: Int, errors: Int, seconds: Double
    ) -> String {
        var result = Markup.verbatim("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        let attributes: KeyValuePairs<StaticString, String> = [
            "name": suite, "id": "0", "package": "reuseformer.verify", "timestamp": Self.noTime,
            "hostname": "localhost",
            "tests": "\(cases.count)", "failures": "\(failures)", "errors": "\(errors)", "time": time(seconds),
        ]
        let streams = [Markup.empty("system-out", [:]), .empty("system-err", [:])]
        result.append(
            .element(
                "testsuites", [:],
                .element("testsuite", attributes, [.element("properties", [:], properties)] + cases + streams)))
        return result.source + "\n"
    }

    private static func testCase(_ name: String, _ suite: String, seconds: Double, failure: String?) -> Markup {
        let contents = failure.map { [Markup.element("failure", ["message": $0, "type": "gate"], .text($0))] } ?? []
        return .element("testcase", ["classname": suite, "name": name, "time": time(seconds)], contents)
    }

    /// Seconds as readers of all kinds take them.
    static func time(_ seconds: Double) -> String { Format.fixed(max(seconds, 0), 3) }
}
