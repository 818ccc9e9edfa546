import ModelGraph
import Plans

extension Model {
    /// The model with tokens merged behind some attention nodes: the last thing that is done to it, since everything
    /// before compares it row by row with its source. Tensors stay as they are.
    ///
    /// - Throws: Every way in which the merges do not suit the model.
    package func mergingTokens(_ entries: [ReusePlan.Tokens]) throws(AnalysisError) -> Model {
        guard !entries.isEmpty else { return self }
        var result = self
        do { result.graph = try graph.mergingTokens(entries) } catch { throw .graph(error) }
        result.plan?.tokens = entries
        return result
    }

    /// Refuses a model whose tokens are merged already: its rows are not its source's.
    package func requireAllTokens() throws(AnalysisError) {
        guard let matching = graph.firstMatching else { return }
        throw .mismatch(
            "the model merges tokens already (\(matching.name)): analyse and convert the model that it was made from")
    }
}
