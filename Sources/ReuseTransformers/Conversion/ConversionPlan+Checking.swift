import Checkpoints
import ModelGraph
import Plans

extension ConversionPlan {
    /// Tells whether the plan suits a model.
    ///
    /// - Throws: `.usage` with everything that is wrong, each with layer and head: maps that do not exist or come
    ///   later, heads that differ in mask or memory, layers that are missing.
    public func check(on model: TransformerModel) throws(TransformerError) { try check(on: model.model.graph) }

    /// Tells whether the plan suits the model of a checkpoint, whose weights are not read.
    package func check(onCheckpointAt path: String, options: LoadingOptions) throws(TransformerError) {
        let summary = try TransformerError.mapping { try Checkpoint.describe(path: path, options: options) }
        guard let graph = summary.graph else {
            throw TransformerError(
                .unsupported, path: path, summary.problems.first ?? "no architecture is known for it")
        }
        try check(on: graph)
    }

    /// Tells whether the plan suits the model that an analysis was made of.
    package func check(onAnalysisAt path: String) throws(TransformerError) {
        try check(on: try InputFile.document(Subject.self, at: path, named: "an analysis", isStrict: false).graph)
    }

    /// The part of an analysis that matters here.
    private struct Subject: Decodable {
        let graph: CheckedGraph
    }

    private func check(on graph: CheckedGraph) throws(TransformerError) {
        _ = try TransformerError.mapping { try graph.applying(plan) }
    }
}
