import Statistics

/// Share of items that came out right, counted as they come.
package struct Accuracy: Sendable, Hashable {
    /// Items so far.
    package private(set) var items = 0
    /// Those among them that were right.
    package private(set) var hits = 0

    /// One row an item: whether it was right, and 1.
    private(set) var sums = TextSums(columns: 2)

    package init() {}

    /// Counts one item.
    package mutating func add(isRight: Bool) {
        items += 1
        if isRight { hits += 1 }
        sums.add([isRight ? 1 : 0, 1])
    }

    /// 0…1; NaN without items.
    package var share: Double { items == 0 ? .nan : Double(hits) / Double(items) }

    /// What an interval of the share is made of.
    package var samples: Samples { Samples(.share, sums) }
}
