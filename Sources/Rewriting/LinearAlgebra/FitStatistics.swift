/// Statistics of the rows that a refit learns from, and of those that choose its strength.
package struct FitStatistics: Sendable {
    package var train: RowStatistics
    package var heldOut: RowStatistics

    package init(features: Int, targets: Int) {
        train = RowStatistics(features: features, targets: targets)
        heldOut = train
    }

    init(train: RowStatistics, heldOut: RowStatistics) {
        self.train = train
        self.heldOut = heldOut
    }

    /// Adds those of other rows of the same features and targets.
    mutating func add(_ other: FitStatistics) {
        train.add(other.train)
        heldOut.add(other.heldOut)
    }
}

/// Texts of a conversion, cut into parts whose sums are added in the order of the parts.
///
/// The texts alone decide the cuts: whoever computes the sums of which part, their total has the same bits.
struct TextParts: Sendable {
    /// Sequences of each chunk, whose rows are held at a time.
    let chunks: [Range<Int>]
    /// Chunks of each part.
    let parts: [Range<Int>]

    /// Parts at most: more workers than this have nothing to do.
    static let most = 16

    init(_ chunks: [Range<Int>]) {
        self.chunks = chunks
        parts = Self.shares(of: chunks.count, among: min(Self.most, chunks.count))
    }

    /// Neighbouring things dealt out evenly; the first ones get more where they cannot be.
    static func shares(of things: Int, among count: Int) -> [Range<Int>] {
        guard count > 0 else { return [] }
        let least = things / count, more = things % count
        return (0..<count).map { index in
            let start = index * least + min(index, more)
            return start..<start + least + (index < more ? 1 : 0)
        }
    }

    /// Sequences of neighbouring parts.
    func sequences(of range: Range<Int>) -> Range<Int> {
        let own = range.flatMap { parts[$0] }
        guard let first = own.first, let last = own.last else { return 0..<0 }
        return chunks[first].lowerBound..<chunks[last].upperBound
    }
}
