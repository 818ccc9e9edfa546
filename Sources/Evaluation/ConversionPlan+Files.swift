import Checkpoints
import ModelGraph
import ReuseTransformers

extension ConversionPlan {
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
}
