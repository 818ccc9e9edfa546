import ModelGraph
import Plans

extension ConversionPlan {
    /// Tells whether the plan suits a model.
    ///
    /// - Throws: `.usage` with everything that is wrong, each with layer and head: maps that do not exist or come
    ///   later, heads that differ in mask or memory, layers that are missing.
    public func check(on model: TransformerModel) throws(TransformerError) { try check(on: model.model.graph) }

    package func check(on graph: CheckedGraph) throws(TransformerError) {
        _ = try TransformerError.mapping { try graph.applying(plan) }
    }
}
