import ModelGraph

extension Array where Element == TokenSequence {
    /// About `tokens` visible tokens' worth of the sequences, drawn with a fixed seed and left in their order; all of
    /// them when they have no more.
    public func drawn(tokens limit: Int) -> [TokenSequence] {
        guard reduce(0, { $0 + $1.visibleCount }) > limit else { return self }
        var random = Shuffle(seed: 0x5EED)
        var order = Array<Int>(indices)
        for index in order.indices.reversed().dropLast() { order.swapAt(index, random.next(below: index + 1)) }
        var taken = 0
        let chosen = order.prefix { index in
            taken += self[index].visibleCount
            return taken <= limit
        }
        return chosen.sorted().map { self[$0] }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
private struct Shuffle {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Int(z.multipliedFullWidth(by: UInt64(Swift.max(bound, 1))).high)
    }
}
