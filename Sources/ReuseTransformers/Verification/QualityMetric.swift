import ModelGraph
import Statistics

/// A number that tells how a converted model compares with its source.
public struct QualityMetric: Sendable, Hashable, CustomStringConvertible {
    let metric: Metric

    init(_ metric: Metric) { self.metric = metric }

    /// The metric of a name, such as `hidden.cosine.mean`; `nil` when there is none.
    public init?(_ name: String) {
        guard let metric = Metric(rawValue: name) else { return nil }
        self.metric = metric
    }

    /// The name, as gates spell it.
    public var name: String { metric.rawValue }
    /// The metric in words.
    public var meaning: String { metric.meaning }
    /// The metric's name, `hidden.cosine.mean`.
    public var description: String { name }

    /// All metrics.
    public static let all: [QualityMetric] = Metric.allCases.map { QualityMetric($0) }

    /// Cosine of the last hidden states, token by token: mean, −1…1.
    public static let hiddenCosineMean = QualityMetric(.hiddenCosineMean)
    /// The worst token's.
    public static let hiddenCosineMin = QualityMetric(.hiddenCosineMin)
    /// The first percentile: one token in a hundred is worse.
    public static let hiddenCosineP01 = QualityMetric(.hiddenCosineP01)
    /// ‖converted − source‖ / ‖source‖ over all last hidden states.
    public static let hiddenRelativeError = QualityMetric(.hiddenRelativeError)
    /// Cosine of embeddings, the model's own or its mean-pooled last hidden states, text by text: mean, −1…1.
    public static let pooledCosineMean = QualityMetric(.pooledCosineMean)
    /// Spearman correlation between the two models' similarities of pairs of texts, −1…1.
    public static let pairsSpearman = QualityMetric(.pairsSpearman)
    /// Divergence of the predicted distributions, in nats: mean.
    public static let logitsKLMean = QualityMetric(.logitsKLMean)
    /// Share of predictions whose most likely class or token is the same, 0…1.
    public static let top1Agreement = QualityMetric(.top1Agreement)
    /// Perplexity, converted divided by source.
    public static let perplexityRatio = QualityMetric(.perplexityRatio)
    /// ‖converted − source‖ / ‖source‖ of the numbers that a model gives, of its worst output.
    public static let outputRelativeError = QualityMetric(.outputRelativeError)
    /// Share of the variance of the source's numbers that is kept, of the worst output: 1 is perfect.
    public static let outputR2 = QualityMetric(.outputR2)
    /// Total variation distance between corresponding attention maps: mean, 0…1.
    public static let mapsTVMean = QualityMetric(.mapsTVMean)
    /// Share of labelled items that the converted model classifies as labelled, 0…1.
    public static let accuracy = QualityMetric(.accuracy)
    /// Correlation of the converted model's similarities of scored pairs with their scores, −1…1.
    public static let spearman = QualityMetric(.spearman)
    /// Mean absolute difference of the converted model's numbers from the right ones, of its worst output.
    public static let meanAbsoluteError = QualityMetric(.meanAbsoluteError)
    /// Share of the right numbers' variance that the converted model tells, of its worst output: 1 is perfect.
    public static let r2 = QualityMetric(.r2)
    /// How many times as fast the converted model is: the source's median time by the converted model's.
    public static let speedup = QualityMetric(.speedup)
}
