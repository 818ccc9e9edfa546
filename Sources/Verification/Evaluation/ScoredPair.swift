import ModelGraph

/// Two texts and how alike people found them.
package struct ScoredPair: Sendable {
    package let first: ModelInput
    package let second: ModelInput
    /// Higher is more alike; the scale is the data's.
    package let score: Double
    /// Both as one input, for models that score a pair themselves; `nil`: their embeddings are compared.
    package let together: ModelInput?

    package init(first: ModelInput, second: ModelInput, score: Double, together: ModelInput? = nil) {
        self.together = together
        self.first = first
        self.second = second
        self.score = score
    }
}
