import ModelGraph
import Rewriting

extension TransformerModel {
    /// The model with embeddings that are made by a pooling: what a user says of a model whose files do not.
    ///
    /// - Parameter pooling: `nil`: as the model's files say.
    /// - Throws: `.usage` for a model that makes no embeddings this way.
    package func pooled(by pooling: TextEmbedder.Pooling?) throws(TransformerError) -> Model {
        try TransformerError.mapping { try model.pooled(by: pooling.map(ModelGraph.Pooling.init)) }
    }
}
