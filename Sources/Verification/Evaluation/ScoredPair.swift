import ModelGraph

/// Two texts and how alike people found them.
package struct ScoredPair: Sendable {
    package let first: ModelInput
    package let second: ModelInput
    /// Higher is more alike; the scale is the data's.
    package let score: Double

    package init(first: ModelInput, second: ModelInput, score: Double) {
        self.first = first
        self.second = second
        self.score = score
    }
}
