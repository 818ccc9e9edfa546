import Costs
import ModelGraph
import Statistics

/// Which metrics can be measured on a model with the data and options that are given: told from the graph, before
/// anything is run.
package struct MeasurableMetrics: Sendable {
    /// What there is to measure on.
    package struct Material: Sendable {
        /// Whether there are texts (pictures, arrays).
        package var texts: Bool
        /// Whether the tokenizer has a token that hides another.
        package var masking: Bool
        package var labels: Bool
        package var pairs: Bool
        package var timing: Bool

        package init(
            texts: Bool = true, masking: Bool = false, labels: Bool = false, pairs: Bool = false, timing: Bool = false
        ) {
            self.texts = texts
            self.masking = masking
            self.labels = labels
            self.pairs = pairs
            self.timing = timing
        }
    }

    private let graph: CheckedGraph
    private let material: Material

    package init(_ graph: CheckedGraph, _ material: Material) {
        self.graph = graph
        self.material = material
    }

    /// Fails for a metric that cannot be measured.
    ///
    /// - Throws: `VerificationError.notMeasurable`, with the reason and what could be measured instead.
    package func check(_ metric: Metric) throws(VerificationError) {
        guard let obstacle = obstacle(to: metric) else { return }
        throw .notMeasurable(
            metric, reason: obstacle, measurable: Metric.allCases.filter { self.obstacle(to: $0) == nil })
    }

    /// Why a metric cannot be measured; `nil` where it can.
    private func obstacle(to metric: Metric) -> String? {
        switch metric {
        case .hiddenCosineMean, .hiddenCosineMin, .hiddenCosineP01, .hiddenRelativeError:
            ofTexts(graph.lastHiddenState == nil ? "the model has no hidden states" : nil)
        case .pooledCosineMean, .pairsSpearman:
            ofTexts(graph.lastHiddenState ?? graph.embedding == nil ? "the model has no hidden states to pool" : nil)
        case .logitsKLMean, .top1Agreement:
            ofTexts(predictsClasses ? nil : "the model predicts no classes or tokens")
        case .perplexityRatio:
            ofTexts(
                graph.predictedTokens != nil || isMasked && material.masking
                    ? nil
                    : isMasked ? "the tokenizer has no mask token" : "the model predicts no tokens of a text")
        case .perplexity:
            ofTexts(
                graph.predictedTokens != nil
                    ? nil
                    : isMasked
                        ? "of a masked language model perplexity.ratio is measured"
                        : "the model predicts no tokens of a text")
        case .outputRelativeError, .outputR2:
            ofTexts(graph.numberOutputs.isEmpty ? "the model gives no numbers" : nil)
        case .mapsTVMean: ofTexts(graph.attentionNodes.isEmpty ? "the model has no attention maps" : nil)
        case .meanAbsoluteError, .r2:
            graph.numberOutputs.isEmpty
                ? "the model gives no numbers" : material.labels ? nil : "give --labels to measure it"
        case .accuracy where !graph.numberOutputs.isEmpty && graph.use == .numbers:
            "the model gives numbers: mae and r2 are measured"
        case .accuracy: material.labels ? nil : "give --labels to measure it"
        case .spearman: material.pairs ? nil : "give --pairs to measure it"
        case .speedup: material.timing ? nil : "give --timing to measure it"
        case .cacheSaved: graph.cost(tokens: 1).cacheBytes > 0 ? nil : "the model does not decode"
        case .mapsSaved, .macsSaved, .paramsSaved, .bytesSaved: nil
        // Whether there are exits shows on the converted model.
        case .macsSavedMean: ofTexts(nil)
        }
    }

    /// What the model forbids, or that there are no texts.
    private func ofTexts(_ obstacle: String?) -> String? {
        obstacle ?? (material.texts ? nil : "give --data to measure it")
    }

    private var isMasked: Bool { graph.use == .maskedLanguageModel }

    /// Whether the model gives a distribution over several classes or tokens.
    private var predictsClasses: Bool {
        guard let value = graph.predictions, let shape = graph.shapes[value], shape.width > 1 else { return false }
        // Forecasts for each position are no classes.
        return graph.use != .numbers || shape.rows == .sequences
    }
}
