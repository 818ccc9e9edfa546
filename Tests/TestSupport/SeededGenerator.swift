import Platform

/// Numbers with a fixed sequence for a seed, so that a failure can be repeated.
package struct SeededGenerator: RandomNumberGenerator {
    private var numbers: SplitMix

    package init(seed: UInt64) { numbers = SplitMix(seed: seed) }

    package mutating func next() -> UInt64 { numbers.next() }
}
