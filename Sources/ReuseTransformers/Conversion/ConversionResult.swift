import Rewriting

/// A converted model, and what was done to it.
public struct ConversionResult: Sendable {
    /// The model: as it was read back where it was written.
    public let model: TransformerModel
    /// The plan that was applied.
    public let plan: ConversionPlan
    /// How the model compares with its source on data that were kept back, and what it saves.
    public let comparison: ModelComparison
    /// The analysis that the plan was made from; `nil` for a plan that was given.
    public let analysis: ModelAnalysis?
    /// What healing did; `nil` where nothing was healed.
    package let healing: HealingSummary?
    /// What quantising did; `nil` where the precision stayed.
    package var quantization: QuantizationSummary?
}
