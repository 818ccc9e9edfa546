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
    /// Perplexity of the tokens that really follow, rewrite / source (language models).
    package var perplexity: Double?
    /// Squared error of the outputs as a share of their variance, mean over outputs (models that give numbers).
    package var numbers: Double?

    package init(
        cosine: Double? = nil, pairs: Double? = nil, pairsSpearman: Double? = nil, divergence: Double? = nil,
        disagreement: Double? = nil, perplexity: Double? = nil, numbers: Double? = nil
    ) {
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
}
