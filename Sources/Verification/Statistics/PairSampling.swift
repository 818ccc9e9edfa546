/// Pairs of texts, chosen once for both models.
package struct PairSampling {
    /// Texts whose embeddings are kept; later ones are not compared in pairs.
    package static let textLimit = 2000
    /// Pairs that are compared; above it they are drawn.
    package static let pairLimit = 200_000

    /// All pairs of `count` texts, or as many as the limit, drawn with a fixed seed.
    package static func pairs(of count: Int) -> [(Int, Int)] {
        let count = min(count, textLimit)
        guard count > 1 else { return [] }
        if count * (count - 1) / 2 <= pairLimit {
            return (1..<count).flatMap { later in (0..<later).map { ($0, later) } }
        }
        var random = SplitMix(seed: 0x9E37_79B9)
        return (0..<pairLimit).map { _ in
            let first = random.next(below: count)
            let second = random.next(below: count - 1)
            return (first, second >= first ? second + 1 : second)
        }
    }
}

/// A small generator whose numbers are the same everywhere (Steele, Lea, Flood 2014).
package struct SplitMix {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `0..<bound`.
    package mutating func next(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(max(bound, 1))).high)
    }
}
