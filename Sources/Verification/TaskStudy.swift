import ModelGraph
import Runtime
import Statistics

/// Task metrics on labelled data, for the source and for the converted model.
package struct TaskStudy {
    /// Two texts and how alike people found them.
    package struct ScoredPair: Sendable {
        package let first: ModelInput
        package let second: ModelInput
        package let score: Double

        package init(first: ModelInput, second: ModelInput, score: Double) {
            self.first = first
            self.second = second
            self.score = score
        }
    }

    private let source: Witness
    private let converted: Witness

    package init(
        source: Model, converted: Model, resources: ExecutionResources = ExecutionResources()
    ) throws(VerificationError) {
        self.source = try Witness(source, resources: resources, heads: [])
        self.converted = try Witness(converted, resources: resources, heads: [])
    }

    /// Spearman correlation of cosine similarities of mean-pooled embeddings with scores.
    package func spearman(of pairs: [ScoredPair]) throws(VerificationError) -> Measurement {
        guard pairs.count > 2 else { throw .labels("a correlation needs at least three labelled pairs") }
        let scores = pairs.map(\.score)
        let before = RankCorrelation.spearman(try similarities(pairs, source), scores)
        let after = RankCorrelation.spearman(try similarities(pairs, converted), scores)
        return Measurement(.spearman, after, source: before)
    }

    /// Share of texts whose most likely class is their label.
    ///
    /// - Parameter labels: Class indices, one a text.
    package func accuracy(of sequences: [ModelInput], labels: [Int]) throws(VerificationError) -> Measurement {
        guard sequences.count == labels.count else {
            throw .labels("\(labels.count) labels for \(sequences.count) texts; give one label a text")
        }
        return Measurement(
            .accuracy, try accuracy(sequences, labels, converted), source: try accuracy(sequences, labels, source))
    }

    private func accuracy(
        _ sequences: [ModelInput], _ labels: [Int], _ witness: Witness
    ) throws(VerificationError) -> Double {
        var hits = RunningMean()
        for range in sequences.batches(rows: FidelityStudy.batchRows) {
            for (snapshot, label) in zip(try witness.look(at: Array(sequences[range])), labels[range]) {
                guard snapshot.logitRows == 1 else {
                    throw .labels("the model gives no class for a whole text, so labels cannot be compared")
                }
                let best = LogProbabilities(logits: snapshot.logits).best
                guard label < snapshot.logits.count else {
                    throw .labels("label \(label) is outside the model's \(snapshot.logits.count) classes")
                }
                hits.add(best == label ? 1 : 0)
            }
        }
        return hits.mean ?? .nan
    }

    private func similarities(_ pairs: [ScoredPair], _ witness: Witness) throws(VerificationError) -> [Double] {
        let texts = pairs.flatMap { [$0.first, $0.second] }
        var vectors: [[Double]] = []
        for range in texts.batches(rows: FidelityStudy.batchRows) {
            vectors += try witness.look(at: Array(texts[range])).map(\.pooled)
        }
        return pairs.indices.map { FidelityTally.cosine(vectors[2 * $0], vectors[2 * $0 + 1]) }
    }
}
