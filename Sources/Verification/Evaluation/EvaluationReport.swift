import ModelGraph
import Statistics

/// How good models are at their task, side by side: the document behind `eval --json` (schemas/evaluation.schema.json).
package struct EvaluationReport: Sendable, Hashable, Codable {
    /// What was measured.
    package enum Measure: String, Sendable, Hashable, Codable, CaseIterable {
        /// e to the mean loss of each token given those before it (masked models: hidden ones given the others).
        case perplexity
        /// Share of items whose most likely class is their label, or of sources whose answer is right in every token.
        case accuracy
        /// Correlation of similarities of pairs of texts with people's scores.
        case spearman
        /// Mean absolute difference from the right numbers.
        case mae
        /// 1 − squared error / variance of the right numbers.
        case r2

        /// Whether the number is a share that reads best in per cent.
        package var isShare: Bool { self == .accuracy }
        /// The measure in words.
        package var meaning: String {
            switch self {
            case .perplexity: "e to the mean loss of a token"
            case .accuracy: "share answered rightly"
            case .spearman: "correlation with the scores of pairs"
            case .mae: "mean difference from the right numbers"
            case .r2: "share of the right numbers' variance that is told"
            }
        }
    }

    /// A model that took part.
    package struct Subject: Sendable, Hashable, Codable {
        /// Name without folders.
        package let name: String
        package let architecture: String
        /// Attention maps that it computes.
        package let maps: Int
        /// How deep the inputs went; `nil` for a model without exits.
        package let exits: ExitStudy?

        package init(name: String, model: Model, exits: ExitStudy? = nil) {
            self.name = name
            self.exits = exits
            architecture = model.provenance.architecture
            maps = model.graph.headIDs.count { model.graph.source(of: $0) == .computed }
        }
    }

    /// One measure of all models.
    package struct Row: Sendable, Hashable, Codable {
        package let measure: Measure
        /// Texts, pictures or pairs.
        package let items: Int
        /// Tokens whose prediction counted; `nil` where items were.
        package let tokens: Int?
        /// The output that it is of, where a model gives several; `nil`: the only one.
        package let output: String?
        /// One a model; `nil` where there is no number.
        package let values: [Double?]
        /// Where each value would lie on other items of the kind; `nil` where that cannot be told.
        package let intervals: [Interval?]
        /// Where each model's difference from the first would lie, both measured on the same items; `nil` for the
        /// first. Of perplexity and mean errors the ratio less 1, of others the plain difference.
        package let differences: [Interval?]

        /// - Parameter samples: What the values' intervals are made of, one a model.
        package init(
            _ measure: Measure, items: Int, tokens: Int? = nil, output: String? = nil, values: [Double],
            samples: [Samples?] = []
        ) {
            self.measure = measure
            self.output = output
            self.items = items
            self.tokens = tokens
            self.values = values.map { $0.isFinite ? $0 : nil }
            let known = values.indices.map { samples.indices.contains($0) ? samples[$0] : nil }
            intervals = known.map { $0?.interval }
            differences = known.indices.map { index in
                guard index > 0, let own = known[index], let first = known.first.flatMap(\.self) else { return nil }
                return own.difference(from: first)
            }
        }
    }

    /// Name of the format.
    package static let formatName = "reuseformer-evaluation"
    package static let currentVersion = 1

    package let format: String
    package let version: Int
    /// In the order in which they were named; the first is what the others are compared with.
    package let models: [Subject]
    package let results: [Row]

    package init(models: [Subject], results: [Row]) {
        format = Self.formatName
        version = Self.currentVersion
        self.models = models
        self.results = results
    }
}
