/// A number that tells how a converted model compares with its source.
package enum Metric: String, Sendable, Hashable, Codable, CaseIterable {
    /// Cosine of the last hidden states, token by token: mean.
    case hiddenCosineMean = "hidden.cosine.mean"
    /// The worst token's.
    case hiddenCosineMin = "hidden.cosine.min"
    /// The first percentile: one token in a hundred is worse.
    case hiddenCosineP01 = "hidden.cosine.p01"
    /// ‖converted − source‖ / ‖source‖ over all last hidden states.
    case hiddenRelativeError = "hidden.relerr"
    /// Cosine of embeddings, text by text: mean. They are the model's own where its files say how they are made, else
    /// its mean-pooled last hidden states.
    case pooledCosineMean = "pooled.cosine.mean"
    /// Spearman correlation between the two models' similarities of pairs of texts.
    case pairsSpearman = "pairs.spearman"
    /// Kullback–Leibler divergence of the source's predicted distribution from the converted model's, in nats: mean.
    case logitsKLMean = "logits.kl.mean"
    /// Share of predictions whose most likely class or token is the same.
    case top1Agreement = "top1.agreement"
    /// Perplexity of the tokens that follow (of masked language models: of hidden tokens), converted divided by source.
    case perplexityRatio = "perplexity.ratio"
    /// ‖converted − source‖ / ‖source‖ of the numbers that a model gives, of its worst output.
    case outputRelativeError = "output.relerr"
    /// 1 − squared error / variance of the source's numbers, of the worst output: 1 is perfect.
    case outputR2 = "output.r2"
    /// Total variation distance between corresponding attention maps: mean over heads and queries.
    case mapsTVMean = "maps.tv.mean"
    /// Share of labelled texts or pictures that the converted model classifies as labelled.
    case accuracy
    /// Perplexity of the converted model on the tokens that follow.
    case perplexity
    /// Spearman correlation of the converted model's similarities of labelled pairs with their scores.
    case spearman
    /// Mean absolute difference of the numbers that the converted model gives from the right ones, of its worst output.
    case meanAbsoluteError = "mae"
    /// 1 − squared error / variance of the right numbers, of the worst output: 1 is perfect.
    case r2
    /// Share of attention maps no longer computed.
    case mapsSaved = "maps.saved"
    /// Share of multiply-adds saved.
    case macsSaved = "macs.saved"
    /// Share of multiply-adds saved on average, of a model whose inputs may leave behind earlier layers.
    case macsSavedMean = "macs.saved.mean"
    /// Share of parameters saved.
    case paramsSaved = "params.saved"
    /// Share of the parameters' bytes saved, before compression.
    case bytesSaved = "bytes.saved"
    /// Share of the bytes saved that decoding keeps for each token.
    case cacheSaved = "cache.saved"
    /// How many times as fast the converted model is: the source's median time by the converted model's.
    case speedup

    /// The metric in words, for a table.
    package var meaning: String {
        switch self {
        case .hiddenCosineMean: "cosine of last hidden states, mean over tokens"
        case .hiddenCosineMin: "the same, worst token"
        case .hiddenCosineP01: "the same, first percentile of tokens"
        case .hiddenRelativeError: "error of last hidden states relative to their size"
        case .pooledCosineMean: "cosine of embeddings, mean over texts"
        case .pairsSpearman: "order of similarities between pairs of texts"
        case .logitsKLMean: "divergence of predicted distributions, nats"
        case .top1Agreement: "share of equal top predictions"
        case .perplexityRatio: "perplexity, converted / source"
        case .outputRelativeError: "error of the outputs' numbers relative to their size"
        case .outputR2: "share of the outputs' variance that is kept"
        case .mapsTVMean: "distance between attention maps, mean"
        case .accuracy: "share classified as labelled"
        case .perplexity: "perplexity of the tokens that follow"
        case .spearman: "correlation with the scores of labelled pairs"
        case .meanAbsoluteError: "mean difference from the right numbers"
        case .r2: "share of the right numbers' variance that is told"
        case .mapsSaved: "attention maps no longer computed"
        case .macsSaved: "multiply-adds saved"
        case .macsSavedMean: "the same on average, where inputs left at exits"
        case .paramsSaved: "parameters saved"
        case .bytesSaved: "bytes of the parameters saved, before compression"
        case .cacheSaved: "bytes saved of what decoding keeps for a token"
        case .speedup: "speed, converted / source"
        }
    }

    /// Whether the number is a share that reads best in per cent.
    package var isShare: Bool {
        switch self {
        case .mapsSaved, .macsSaved, .macsSavedMean, .paramsSaved, .bytesSaved, .cacheSaved, .top1Agreement, .accuracy:
            true
        default: false
        }
    }
}
