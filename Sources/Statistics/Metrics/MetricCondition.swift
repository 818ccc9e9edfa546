import Platform

/// A metric held against a limit: `hidden.cosine.mean<0.97`.
package struct MetricCondition: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is not a condition.
    package struct SyntaxError: KindedError, Sendable, Hashable {
        package let description: String
        package var kind: ErrorKind { .usage }
    }

    /// What was measured.
    package let metric: Metric
    /// How its value is compared.
    package let comparison: Comparison
    /// What its value is compared with; finite in a condition that was parsed.
    package let limit: Double

    package init(_ metric: Metric, _ comparison: Comparison, _ limit: Double) {
        self.metric = metric
        self.comparison = comparison
        self.limit = limit
    }

    /// A condition from `METRIC OP VALUE`; spaces between the parts may be left out.
    package init(parsing text: String) throws(SyntaxError) {
        let operators = "<>=!"
        guard let start = text.firstIndex(where: operators.contains) else {
            throw SyntaxError(
                description: "\"\(text)\" is not a condition: write METRIC OP VALUE, like 'hidden.cosine.mean<0.97'")
        }
        let end = text[start...].firstIndex { !operators.contains($0) } ?? text.endIndex
        let name = text[..<start].trimmed, sign = String(text[start..<end]), value = text[end...].trimmed
        guard let metric = Metric(rawValue: name) else {
            let names = Metric.allCases.map(\.rawValue).joined(separator: ", ")
            throw SyntaxError(description: "there is no metric \"\(name)\"; the metrics are \(names)")
        }
        guard let comparison = Comparison(rawValue: sign) else {
            throw SyntaxError(description: "\"\(sign)\" in \"\(text)\" compares nothing: use <, <=, >, >=, == or !=")
        }
        guard let limit = Double(value), limit.isFinite else {
            throw SyntaxError(description: "\"\(value)\" in \"\(text)\" is not a number")
        }
        self.init(metric, comparison, limit)
    }

    /// Whether a measured value fulfils the condition.
    package func holds(_ value: Double) -> Bool { comparison.holds(value, limit) }

    package var description: String { "\(metric.rawValue) \(comparison.rawValue) \(limit)" }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
