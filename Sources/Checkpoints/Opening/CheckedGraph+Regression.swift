import ArchitectureSpecs
import JSON
import ModelGraph

extension CheckedGraph {
    /// The graph of a sequence classifier that gives numbers instead of classes, as Hugging Face's classes decide it:
    /// `problem_type` says so, or there is one label and nothing says otherwise.
    func namingRegression(_ config: ModelConfiguration) throws(GraphError) -> CheckedGraph {
        guard config.vocabulary == "hf", graph.use == .classifier, let logits = graph.predictions,
            let shape = shapes[logits],
            shape.rows == .sequences
        else { return self }
        let problem = config.document["problem_type"]?.stringValue
        guard problem == "regression" || (problem == nil && shape.width == 1) else { return self }
        return try changed { $0.use = .numbers }
    }
}
