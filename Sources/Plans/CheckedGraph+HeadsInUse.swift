import ModelGraph

extension CheckedGraph {
    /// Heads whose maps other heads of the model read as it is: a model that was trained with reuse has such. They can
    /// only go together with their readers.
    package var headsInUse: Set<HeadID> {
        var result: Set<HeadID> = []
        for source in graph.attentionNodes.flatMap({ $0.attention?.heads ?? [] }) {
            for case .head(let owner) in source.terms.map(\.map) { result.insert(owner) }
        }
        return result
    }
}
