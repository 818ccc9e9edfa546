import Platform

/// Where a number measured on some texts would lie, in 95 of 100 cases, had other texts of the kind been drawn.
package struct Interval: Sendable, Hashable, Codable {
    /// Share of cases that an interval covers.
    package static let confidence = 0.95

    /// Finite.
    package let lower: Double
    /// Finite, not below `lower`.
    package let upper: Double

    /// - Returns: `nil` where an end is no number.
    package init?(_ first: Double, _ second: Double) {
        guard first.isFinite, second.isFinite else { return nil }
        lower = min(first, second)
        upper = max(first, second)
    }

    /// Whether a value lies inside or on an end.
    package func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

    /// The interval with the number that was measured: resamples of few or skewed values may all lie on one side of it.
    package func including(_ estimate: Double) -> Interval {
        guard estimate.isFinite, !contains(estimate) else { return self }
        return Interval(min(lower, estimate), max(upper, estimate)) ?? self
    }

    /// The interval of a number that grows with this one's.
    package func mapped(_ transform: (Double) -> Double) -> Interval? { Interval(transform(lower), transform(upper)) }

    /// The interval without what the number can never be.
    package func limited(to range: ClosedRange<Double>) -> Interval? {
        func limited(_ value: Double) -> Double { min(max(value, range.lowerBound), range.upperBound) }
        return Interval(limited(lower), limited(upper))
    }

    /// The interval of a share of items that are one thing or the other (Wilson's score interval). Resampling would
    /// pretend to be sure where all items agree, for every resample is like the next.
    package static func ofShare(_ hits: Double, of items: Double) -> Interval? {
        guard items > 0, hits >= 0, hits <= items else { return nil }
        let z = NormalDistribution.quantile((1 + confidence) / 2), share = hits / items
        let centre = (share + z * z / (2 * items)) / (1 + z * z / items)
        let half =
            z / (1 + z * z / items) * (share * (1 - share) / items + z * z / (4 * items * items)).squareRoot()
        return Interval(hits == 0 ? 0 : max(0, centre - half), hits == items ? 1 : min(1, centre + half))
    }

    /// Items that must all be right for a share to be shown to be at least `share`; `nil` where none suffice.
    package static func itemsShowing(share: Double) -> Int? {
        guard share > 0, share < 1 else { return nil }
        let z = NormalDistribution.quantile((1 + confidence) / 2)
        return Int((z * z * share / (1 - share)).rounded(.up))
    }
}
