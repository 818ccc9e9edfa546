import Quantizing
import Rewriting

/// A converted model, and what was done to it.
public struct ConversionResult: Sendable {
    /// The model: as it was read back where it was written.
    public let model: TransformerModel
    /// The plan that was applied.
    public let plan: ConversionPlan
    /// How the model compares with its source on data that were kept back, and what it saves.
    public internal(set) var comparison: ModelComparison
    /// Whether the model was good enough for the gates that were given: without it no file is kept.
    public var isKept: Bool { comparison.report.gates.allSatisfy(\.passed) }
    /// The analysis that the plan was made from; `nil` for a plan that was given.
    public let analysis: ModelAnalysis?
    /// What healing did; `nil` where nothing was healed.
    package let healing: HealingSummary?
    /// What quantising did; `nil` where the precision stayed.
    package var quantization: QuantizationSummary?
    /// Where inputs may leave; `nil`: nowhere.
    package let exits: ExitFitter.Summary?
}
