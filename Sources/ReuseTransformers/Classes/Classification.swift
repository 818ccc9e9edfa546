import Platform
import Statistics

/// What a classifier says of one item: every class with its score and probability.
public struct Classification: Sendable, Hashable {
    /// One class.
    public struct Class: Sendable, Hashable {
        /// Index of the class among the model's scores.
        public let index: Int
        /// The class's name; its index where the model's files name none.
        public let label: String
        /// The model's score before softmax.
        public let score: Float
        /// Softmax of the scores, 0…1. Means nothing for models with one score, or with independent ones.
        public let probability: Double
    }

    /// All classes, the likeliest first; of equal ones the earlier first.
    public let classes: [Class]

    /// The likeliest class.
    public var best: Class { classes[0] }

    /// - Parameter scores: One a class, at least one.
    init(scores: some RandomAccessCollection<Float>, labels: [String]) {
        let scores = Array(scores), likely = LogProbabilities(logits: scores).values
        classes = likely.enumerated().sorted { ($0.element, $1.offset) > ($1.element, $0.offset) }
            .map { index, value in
                Class(
                    index: index, label: index < labels.count ? labels[index] : "\(index)", score: scores[index],
                    probability: exp(value))
            }
    }
}
