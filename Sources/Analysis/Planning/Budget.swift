import Rewriting

/// How much a plan shall save, or how good the result must stay.
package enum Budget: Sendable, Hashable {
    /// Share of attention maps no longer computed.
    case maps(Double)
    /// Share of multiply-adds saved at a sequence length.
    case multiplyAdds(Double, tokens: Int)
    /// Share of the parameters' bytes saved.
    case bytes(Double)
    /// The largest saving whose held-out metric holds.
    case quality(metric: String, comparison: Comparison, value: Double)

    /// How a metric is held against a value.
    package enum Comparison: String, Sendable, Hashable, CaseIterable {
        case atLeast = ">=", atMost = "<="

        /// Whether a metric is good enough.
        package func holds(_ metric: Double, _ value: Double) -> Bool {
            self == .atLeast ? metric >= value : metric <= value
        }
    }

    /// Reads `1/3`, `0.33`, `33%`, `maps:1/3`, `macs:10%@128`, `bytes:8%`, `quality:hidden.cosine.mean>=0.98`.
    ///
    /// - Throws: `AnalysisError.budget` with what would have been understood.
    package init(_ text: String) throws(AnalysisError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let kind = parts.count == 2 ? parts[0] : "maps"
        let rest = parts.last ?? ""
        switch kind {
        case "maps": self = .maps(try Self.share(rest, of: text))
        case "bytes": self = .bytes(try Self.share(rest, of: text))
        case "macs":
            let halves = rest.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
            guard halves.count == 2, let tokens = Int(halves[1]), tokens > 0 else {
                throw .budget(text, reason: "write the sequence length after @, as in macs:10%@128")
            }
            self = .multiplyAdds(try Self.share(halves[0], of: text), tokens: tokens)
        case "quality":
            for comparison in Comparison.allCases {
                let sides = rest.components(separatedBy: comparison.rawValue)
                guard sides.count == 2, !sides[0].isEmpty, let value = Double(sides[1]), value.isFinite else {
                    continue
                }
                self = .quality(metric: sides[0], comparison: comparison, value: value)
                return
            }
            throw .budget(
                text, reason: "write a metric, >= or <=, and a number, as in quality:hidden.cosine.mean>=0.98")
        default:
            throw .budget(text, reason: "unknown kind \"\(kind)\"; known are maps, macs, bytes and quality")
        }
    }

    private static func share(_ text: String, of budget: String) throws(AnalysisError) -> Double {
        var value: Double?
        if text.hasSuffix("%") {
            value = Double(text.dropLast()).map { $0 / 100 }
        } else if case let sides = text.split(separator: "/", omittingEmptySubsequences: false), sides.count == 2 {
            if let top = Double(sides[0]), let bottom = Double(sides[1]), bottom != 0 { value = top / bottom }
        } else {
            value = Double(text)
        }
        guard let value, value.isFinite, value >= 0, value <= 1 else {
            throw .budget(budget, reason: "\"\(text)\" is not a share between 0 and 1: write 1/3, 0.33 or 33%")
        }
        return value
    }
}

extension String {
    /// The parts between occurrences of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        guard let range = firstRange(of: separator) else { return [self] }
        return [String(self[..<range.lowerBound])]
            + String(self[range.upperBound...]).components(separatedBy: separator)
    }
}
