import ModelGraph

/// Draws a part of data that are too many, always the same one.
public enum TextSampling {
    /// Which of some items make up about `limit` tokens, drawn with a fixed seed, in their order; all of them when they
    /// have no more.
    ///
    /// - Parameter lengths: Tokens of each item.
    public static func drawn(_ lengths: [Int32], tokens limit: Int) -> [Int] {
        guard lengths.reduce(0, { $0 + Int($1) }) > limit else { return Array(lengths.indices) }
        var random = Shuffle(seed: 0x5EED)
        var order = Array(lengths.indices)
        for index in order.indices.reversed().dropLast() { order.swapAt(index, random.next(below: index + 1)) }
        var taken = 0
        let chosen = order.prefix { index in
            taken += Int(lengths[index])
            return taken <= limit
        }
        return chosen.sorted()
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
