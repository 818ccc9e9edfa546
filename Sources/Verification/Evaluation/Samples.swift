import Platform
import Statistics

/// What a measure follows from, item by item, so that items can be resampled.
package struct Samples: Sendable, Hashable {
    /// How the measure follows from sums over items.
    package enum Kind: Sendable, Hashable {
        /// The first sum by the second: a share of items.
        case share
        /// The first sum by the second: a mean of numbers.
        case mean
        /// 1 less the first sum by the second: a share of a variance that is told.
        case explained
        /// e to the first sum by the second.
        case perplexity
        /// A correlation near `coefficient`: first sum by second, on top of it.
        case correlation(coefficient: Double)
    }

    private let kind: Kind
    /// Two columns.
    private let sums: TextSums

    package init(_ kind: Kind, _ sums: TextSums) {
        self.kind = kind
        self.sums = sums
    }

    package init(_ influence: SpearmanInfluence) {
        var sums = TextSums(columns: 2)
        for value in influence.influences { sums.add([value, 1]) }
        self.init(.correlation(coefficient: influence.coefficient), sums)
    }

    /// - Parameter rows: What is summed and what it is divided by, item by item.
    init(_ kind: Kind, rows: [(Double, Double)]) {
        var sums = TextSums(columns: 2)
        for row in rows { sums.add([row.0, row.1]) }
        self.init(kind, sums)
    }

    private func value(_ first: Double, _ second: Double) -> Double {
        let mean = first / second
        return switch kind {
        case .share, .mean: mean
        case .explained: 1 - mean
        case .perplexity: exp(mean)
        case .correlation(let coefficient): coefficient + mean
        }
    }

    /// Where the measure would lie on other items.
    package var interval: Interval? {
        switch kind {
        case .share:
            let totals = sums.totals
            return .ofShare(totals[0], of: totals[1])
        case .mean, .explained, .perplexity: return Bootstrap.interval(of: sums) { value($0[0], $0[1]) }
        case .correlation: return Bootstrap.interval(of: sums) { value($0[0], $0[1]) }?.limited(to: -1...1)
        }
    }

    /// Where the difference from another model's measure on the same items would lie: of perplexities and mean errors
    /// the ratio less 1, of others the plain difference.
    ///
    /// - Returns: `nil` where the items are not the same ones.
    package func difference(from other: Samples) -> Interval? {
        guard sums.texts == other.sums.texts, sums.rows == other.sums.rows else { return nil }
        var both = TextSums(columns: 4)
        for row in 0..<sums.rows {
            both.add(Array(sums.elements[2 * row..<2 * row + 2] + other.sums.elements[2 * row..<2 * row + 2]))
        }
        return Bootstrap.interval(of: both) { totals in
            let own = value(totals[0], totals[1]), first = other.value(totals[2], totals[3])
            return kind == .perplexity || kind == .mean ? own / first - 1 : own - first
        }
    }
}
