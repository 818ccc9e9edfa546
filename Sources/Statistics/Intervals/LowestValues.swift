import Platform

/// The smallest of many values with the text that each belongs to: what an interval of a low percentile needs.
package struct LowestValues: Sendable {
    /// Values that are kept, once there are as many; at most twice as many.
    private static let limit = 1 << 16
    /// Texts of one block in resampling, at most so many blocks.
    private static let blocks = 4096
    /// Values that must lie at or below a percentile: nothing is resampled beyond the lowest one.
    private static let fewest = 10.0

    private var lowest: [(value: Float, text: Int32)] = []
    /// Values of each text.
    private var counts: [Int32] = []
    /// Above this, values were let go.
    private var hasDropped = false

    package init() {}

    /// Begins with the values of another text.
    package mutating func beginText() { counts.append(0) }

    /// Adds one value of the text.
    package mutating func add(_ value: Double) {
        guard let text = counts.indices.last else { return }
        counts[text] += 1
        lowest.append((Float(value), Int32(text)))
        guard lowest.count == 2 * Self.limit else { return }
        sort()
        lowest.removeSubrange(Self.limit...)
        hasDropped = true
    }

    private mutating func sort() { lowest.sort { ($0.value, $0.text) < ($1.value, $1.text) } }

    /// The interval of the value that a share of all lie at or below, by plain percentiles of resamples of texts: the
    /// corrections of sums do not hold for single order statistics.
    ///
    /// - Returns: `nil` for fewer than two texts, where the percentile rests on a few values, and where it may lie
    ///   among those that were not kept.
    package func interval(share: Double) -> Interval? {
        let values = counts.reduce(0) { $0 + Int($1) }
        guard counts.count > 1, share * Double(values) >= Self.fewest else { return nil }
        var sorted = self
        sorted.sort()
        let perBlock = (counts.count + Self.blocks - 1) / Self.blocks
        let units = (counts.count + perBlock - 1) / perBlock
        var weights = [Int](repeating: 0, count: units)
        for (text, count) in counts.enumerated() { weights[text / perBlock] += Int(count) }
        let entries = sorted.lowest.map { (value: $0.value, unit: Int($0.text) / perBlock) }
        var random = SplitMix(seed: Bootstrap.seed)
        var draws = [Int](repeating: 0, count: units)
        var found: [Double] = []
        for _ in 0..<Bootstrap.resamples {
            for unit in draws.indices { draws[unit] = 0 }
            var total = 0
            for _ in 0..<units {
                let unit = random.next(below: units)
                draws[unit] += 1
                total += weights[unit]
            }
            let wanted = max(1, Int((share * Double(total)).rounded(.up)))
            var seen = 0
            let entry = entries.first { entry in
                seen += draws[entry.unit]
                return seen >= wanted
            }
            guard let entry else {
                if hasDropped { return nil }
                continue
            }
            found.append(Double(entry.value))
        }
        found.sort()
        let tails = Bootstrap.tails(texts: units)
        return Interval(
            Bootstrap.percentile(tails.0, ofSorted: found), Bootstrap.percentile(tails.1, ofSorted: found))
    }
}
