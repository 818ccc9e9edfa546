import Verification

/// The verdict as JUnit XML, which CI systems show as test results.
package enum JUnit {
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
        var result = Markup.verbatim("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        result.append(
            .element(
                "testsuites", ["name": "reuseformer verify", "tests": "\(cases.count)", "failures": "\(failures)"],
                .element(
                    "testsuite", ["name": suite, "tests": "\(cases.count)", "failures": "\(failures)", "errors": "0"],
                    [.element("properties", [:], properties)] + cases)))
        return result.source + "\n"
    }

    private static func testCase(_ name: String, _ suite: String, failure: String?) -> Markup {
        let contents = failure.map { [Markup.element("failure", ["message": $0, "type": "gate"], .text($0))] } ?? []
        return .element("testcase", ["classname": suite, "name": name], contents)
    }
}
