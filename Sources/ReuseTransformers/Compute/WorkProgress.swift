/// How far long work is.
public struct WorkProgress: Sendable, Hashable, CustomStringConvertible {
    /// What is being done.
    public enum Stage: Sendable, Hashable, CustomStringConvertible {
        /// Attention maps are compared pair by pair.
        case comparingMaps
        /// Replacements are looked for, head by head.
        case findingReplacements
        /// Replacements are tried, and their damage at the output is measured.
        case measuringDamage
        /// Neurons of feed-forward parts are left out, and the damage at the output is measured.
        case measuringNeurons
        /// Queries and keys are made narrower, and the damage at the output is measured.
        case measuringRanks
        /// A plan of some steps, of as many as there are, is converted and measured.
        case tryingPlan(steps: Int, of: Int)
        /// The plan is applied and repaired, layer by layer.
        case rewriting
        /// Matrices are stored in fewer bits, stream by stream.
        case quantizing
        /// Exits are fitted, and chosen.
        case fittingExits
        /// One precision of several is tried.
        case tryingPrecision(String)
        /// The file is written, read back and compared.
        case writing
        /// Two models are compared on held-out data.
        case comparingModels
        /// Scored pairs of texts are embedded.
        case scoringPairs
        /// Models are timed.
        case timing
        /// A model is measured at its own task.
        case evaluating(model: String, measure: String)

        /// The stage in words: `Comparing attention maps`.
        public var description: String {
            switch self {
            case .comparingMaps: "Comparing attention maps"
            case .findingReplacements: "Looking for replacements"
            case .measuringDamage: "Measuring damage at the output"
            case .measuringNeurons: "Measuring neurons"
            case .measuringRanks: "Measuring ranks"
            case .tryingPlan(let steps, let total): "Trying a plan of \(steps) of \(total) steps"
            case .rewriting: "Rewriting and healing"
            case .fittingExits: "Fitting exits"
            case .quantizing: "Quantising"
            case .tryingPrecision(let name): "Trying \(name)"
            case .writing: "Writing and reading back"
            case .comparingModels: "Comparing the models"
            case .scoringPairs: "Scoring pairs"
            case .timing: "Timing the models"
            case .evaluating(let model, let measure): "\(model): \(measure)"
            }
        }
    }

    /// What is being done.
    public let stage: Stage
    /// Parts of the stage that are done.
    public let completed: Int
    /// Parts that the stage has; 0 when nobody knows.
    public let total: Int

    /// Share of the stage that is done, 0…1; `nil` when nobody knows.
    public var fraction: Double? { total > 0 ? min(1, Double(completed) / Double(total)) : nil }

    /// The progress in words: `Comparing attention maps, 40 %`.
    public var description: String { fraction.map { "\(stage), \(Int($0 * 100)) %" } ?? "\(stage)" }
}
