extension JUnit {
    /// A verdict that could not be reached: one test case with an error, so that a CI system shows why instead of
    /// missing the file.
    ///
    /// - Parameters:
    ///   - source: Name of the source model.
    ///   - converted: Name of the model that should have been judged.
    ///   - kind: What kind of trouble it was, one word.
    ///   - message: What is wrong, where, and what to do.
    ///   - seconds: How long it took to find out.
    package static func document(
        ofErrorBetween source: String, and converted: String, kind: String, message: String,
        seconds: Double = 0
    ) -> String {
        let suite = "\(source) → \(converted)"
        let error = Markup.element("error", ["message": message, "type": kind], .text(message))
        let testCase = Markup.element(
            "testcase", ["classname": suite, "name": "the models can be compared", "time": time(seconds)], [error])
        return document(ofSuite: suite, [testCase], properties: [], failures: 0, errors: 1, seconds: seconds)
    }
}
