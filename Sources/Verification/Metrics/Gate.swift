import Platform

/// A condition under which a model is not good enough: `hidden.cosine.mean<0.97`.
package struct Gate: Sendable, Hashable, CustomStringConvertible {
    /// How a metric is compared with the limit.
    package enum Comparison: String, Sendable, Hashable, CaseIterable {
        case less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">=", equal = "==", unequal = "!="

        func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .less: value < limit
            case .lessOrEqual: value <= limit
            case .greater: value > limit
            case .greaterOrEqual: value >= limit
            case .equal: value == limit
            case .unequal: value != limit
            }
        }
    }

    /// Why a text is not a gate.
    package struct SyntaxError: KindedError, Sendable, Hashable {
        package let description: String
        package var kind: ErrorKind { .usage }
    }

    package let metric: Metric
    package let comparison: Comparison
    package let limit: Double

    package init(_ metric: Metric, _ comparison: Comparison, _ limit: Double) {
        self.metric = metric
        self.comparison = comparison
        self.limit = limit
    }

    /// A gate from `METRIC OP VALUE`; spaces between the parts may be left out.
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

    /// Whether the model fails. A value that is no number always fails: nobody asked for a broken model.
    package func fails(_ value: Double) -> Bool { value.isNaN || comparison.holds(value, limit) }

    package var description: String { "\(metric.rawValue) \(comparison.rawValue) \(limit)" }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
