import ModelGraph
import Rewriting
import Statistics

/// How much a plan shall save, or how good the result must stay.
package struct Budget: Sendable, Hashable {
    /// What is asked for.
    package enum Goal: Sendable, Hashable {
        /// Share of attention maps no longer computed; where maps differ in size, of their elements at the graph's
        /// `usualTokens`. What a share without a word in front means.
        case attention(Double)
        /// Share of attention maps no longer computed, each counted alike.
        case maps(Double)
        /// Share of multiply-adds saved at a sequence length.
        case multiplyAdds(Double, tokens: Int)
        /// Share of the parameters' bytes saved.
        case bytes(Double)
        /// Times as fast as the source on so many sequences of a length, as the multiply-adds predict it.
        case speed(Double, sequences: Int, tokens: Int)
        /// The largest saving for which this holds on texts kept back; its comparison is `>=` or `<=`.
        case quality(MetricCondition)

        /// The share that is asked for; 0 for a quality.
        var share: Double {
            switch self {
            case .attention(let share), .maps(let share), .multiplyAdds(let share, _), .bytes(let share): share
            case .speed(let times, _, _): 1 - 1 / times
            case .quality: 0
            }
        }
    }

    /// What is asked for.
    package let goal: Goal
    /// The budget as it was written: plans and messages name it so.
    package let text: String

    /// Reads `1/3`, `0.33`, `33%`, `maps:1/3`, `macs:10%@128`, `bytes:8%`, `speed:1.5x@32x128`,
    /// `quality:hidden.cosine.mean>=0.98`.
    ///
    /// - Throws: `AnalysisError.budget` with what would have been understood.
    package init(_ text: String) throws(AnalysisError) {
        self.text = text
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let kind = parts.count == 2 ? parts[0] : ""
        let rest = parts.last ?? ""
        switch kind {
        case "" where parts.count == 1: goal = .attention(try Self.share(rest, of: text))
        case "maps": goal = .maps(try Self.share(rest, of: text))
        case "bytes": goal = .bytes(try Self.share(rest, of: text))
        case "macs":
            let halves = rest.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
            guard halves.count == 2, let tokens = Int(halves[1]), tokens > 0 else {
                throw .budget(text, reason: "write the sequence length after @, as in macs:10%@128")
            }
            goal = .multiplyAdds(try Self.share(halves[0], of: text), tokens: tokens)
        case "speed": goal = try Self.speed(rest, of: text)
        case "quality": goal = .quality(try Self.quality(rest, of: text))
        default:
            throw .budget(text, reason: "unknown kind \"\(kind)\"; known are maps, macs, bytes, speed and quality")
        }
    }

    private static func speed(_ text: String, of budget: String) throws(AnalysisError) -> Goal {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        let shape = halves.last?.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) } ?? []
        guard halves.count == 2, halves[0].hasSuffix("x"), let times = Double(halves[0].dropLast()), times.isFinite,
            times >= 1, shape.count == 2, let sequences = shape[0], let tokens = shape[1],
            (1...largestShape).contains(sequences), (1...largestShape).contains(tokens)
        else {
            throw .budget(
                budget, reason: "write how many times as fast, and sequences × tokens, as in speed:1.5x@32x128")
        }
        return .speed(times, sequences: sequences, tokens: tokens)
    }

    /// Sequences, and tokens of one, that a speed can be asked for.
    private static let largestShape = 1 << 20

    private static func quality(_ text: String, of budget: String) throws(AnalysisError) -> MetricCondition {
        let condition: MetricCondition
        do { condition = try MetricCondition(parsing: text) } catch {
            throw .budget(budget, reason: "\(error); write quality:hidden.cosine.mean>=0.98")
        }
        guard condition.comparison == .greaterOrEqual || condition.comparison == .lessOrEqual else {
            throw .budget(
                budget, reason: "write a metric, >= or <=, and a number, as in quality:hidden.cosine.mean>=0.98")
        }
        if condition.metric.isSaving {
            throw .budget(
                budget, reason: "\(condition.metric.rawValue) is a saving, no quality: write maps:, macs: or bytes:")
        }
        if let emptiness = condition.emptiness { throw .budget(budget, reason: emptiness) }
        guard condition.holdsForBetter else {
            let better = condition.metric.isBetterHigher ? "more is better: write >=" : "less is better: write <="
            throw .budget(budget, reason: "of \(condition.metric.rawValue) \(better)")
        }
        return condition
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
