import ModelGraph

/// How far a rewrite's outputs are from the source's, on texts kept back, in the terms of the model's use.
package struct OutputDifference: Sendable, Hashable, Codable {
    /// 1 − mean cosine between pooled vectors of source and rewrite (encoders).
    package var cosine: Double?
    /// Error of the similarities between pairs of texts, as a share of their variance (encoders).
    package var pairs: Double?
    /// Rank correlation of the similarities between pairs of texts (encoders).
    package var pairsSpearman: Double?
    /// Mean KL divergence of the rewrite's predictions from the source's, in nats (models with predictions).
    package var divergence: Double?
    /// Share of predictions whose most likely class changed (models with predictions).
    package var disagreement: Double?
    /// Predictions that were compared (models with predictions).
    package var predictions: Int?
    /// Perplexity of the tokens that really follow, rewrite / source (language models).
    package var perplexity: Double?
    /// Squared error of the outputs as a share of their variance, mean over outputs (models that give numbers).
    package var numbers: Double?

    package init(
        cosine: Double? = nil, pairs: Double? = nil, pairsSpearman: Double? = nil, divergence: Double? = nil,
        disagreement: Double? = nil, predictions: Int? = nil, perplexity: Double? = nil, numbers: Double? = nil
    ) {
        self.predictions = predictions
        self.numbers = numbers
        self.cosine = cosine
        self.pairs = pairs
        self.pairsSpearman = pairsSpearman
        self.divergence = divergence
        self.disagreement = disagreement
        self.perplexity = perplexity
    }

    /// The number that plans and refits minimise.
    ///
    /// Errors of single heads add up in all of these, which rank correlation and agreement do not.
    package var damage: Double { numbers ?? divergence ?? pairs ?? cosine ?? 0 }

    /// Whether the model is worse at its own use than with another difference: what a repair is measured by.
    ///
    /// Embeddings: similarities between texts, or the embeddings themselves, are further from the source's.
    /// Predictions: they are further from the source's, more of the likeliest classes change than chance explains, or
    /// the tokens that really follow are less expected than by the source. Numbers: their error is larger.
    package func isWorse(than other: OutputDifference) -> Bool {
        if damage > other.damage { return true }
        if let cosine, let before = other.cosine, cosine > before { return true }
        // What is better than the source is so by chance, and no loss when it goes.
        if let perplexity, let before = other.perplexity, max(perplexity, 1) > max(before, 1) { return true }
        if let disagreement, let before = other.disagreement, let predictions {
            let changed = disagreement * Double(predictions), changedBefore = before * Double(predictions)
            // Two deviations of a difference of counts.
            return changed - changedBefore > 2 * (changed + changedBefore).squareRoot()
        }
        return false
    }
}
