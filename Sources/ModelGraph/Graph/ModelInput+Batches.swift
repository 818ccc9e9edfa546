/// Where a batch ends.
package enum BatchRule: Sendable, Hashable {
    /// A batch has at most the wanted rows; an input with more is a batch of its own.
    case atMost
    /// A batch ends with the input that brings it to the wanted rows.
    ///
    /// Analysis and healing add up their sums batch by batch over batches cut like this. Another cut would be as good
    /// and change the last bits of every result.
    case reaching
}

extension Array where Element == ModelInput {
    /// Consecutive ranges of inputs that go through a model together, of about so many rows each: what bounds memory.
    ///
    /// - Parameters:
    ///   - rows: Rows of the longest input of each sequence (`ModelInput.rowEstimate`), summed up.
    ///   - most: Most inputs of a batch, at least 1.
    ///   - rule: Whether the input that goes beyond `rows` belongs to the batch or to the next.
    package func batches(rows limit: Int, most: Int = .max, by rule: BatchRule = .atMost) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0, rows = 0
        func end(before index: Int) {
            result.append(start..<index)
            start = index
            rows = 0
        }
        for (index, input) in enumerated() {
            let more = input.rowEstimate
            if rule == .atMost, index > start, rows + more > limit { end(before: index) }
            rows += more
            if rule == .reaching && rows >= limit || index - start + 1 >= most { end(before: index + 1) }
        }
        if start < count { end(before: count) }
        return result
    }
}
