import Platform
import Tensors

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
