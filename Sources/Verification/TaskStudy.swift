import ModelGraph
import Runtime

/// Task metrics on labelled data, for the source and for the converted model.
package struct TaskStudy {
    let source: Evaluator
    let converted: Evaluator
    /// Classes of the model; `nil` where it gives none.
    private let classes: Int?

    /// - Parameter resources: Threads, kernels and cancellation of every measurement.
    package init(
        source: Model, converted: Model, resources: ExecutionResources = ExecutionResources()
    ) throws(VerificationError) {
        self.source = try Evaluator(source, resources: resources)
        self.converted = try Evaluator(converted, resources: resources)
        classes = converted.graph.predictions.flatMap { converted.graph.shapes[$0]?.width }
    }

    /// Spearman correlation of cosine similarities of embeddings with scores.
    package func spearman(of pairs: [ScoredPair]) throws(VerificationError) -> Measurement {
        let before = try source.correlation(of: pairs), after = try converted.correlation(of: pairs)
        return Measurement(
            .spearman, after.coefficient, source: before.coefficient, interval: after.samples?.interval)
    }

    /// Share of texts whose most likely class is their label.
    ///
    /// - Parameter labels: Class indices, one a text.
    package func accuracy(of sequences: [ModelInput], labels: [Int]) throws(VerificationError) -> Measurement {
        guard sequences.count == labels.count else {
            throw .labels("\(labels.count) labels for \(sequences.count) texts; give one label a text")
        }
        let items = zip(sequences, labels).map { (sequence: $0, label: $1) }
        var before = Accuracy(), after = Accuracy()
        try converted.add(items, to: &after)
        try source.add(items, to: &before)
        if let classes, let label = labels.first(where: { $0 >= classes }) {
            throw .labels("label \(label) is outside the model's \(classes) classes")
        }
        return Measurement(.accuracy, after.share, source: before.share, interval: after.samples.interval)
    }
}
