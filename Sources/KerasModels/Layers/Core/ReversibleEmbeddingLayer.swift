import ModelGraph
import Platform

/// An embedding whose table also gives the scores of all ids.
enum ReversibleEmbeddingLayer: KerasLayerClass {
    static let takesConstants = true
    static let names = ["ReversibleEmbedding"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let isTied = layer.flag("tie_weights", default: true)
        return [VariableGroup("", isTied ? ["embeddings"] : ["embeddings", "reverse_embeddings"])]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        guard call[1, "reverse"].constant?.boolValue == true else {
            return try EmbeddingLayer.apply(call, in: &builder)
        }
        try call.refuse(["logit_soft_cap"])
        guard call.flag("tie_weights", default: true) else {
            throw call.unsupported("a reverse table of its own")
        }
        let rows = try call.size("input_dim"), width = try call.size("output_dim")
        let input = try call.input()
        guard input.axes.last == .width, input.width == width else {
            throw call.corrupt("\(input.shapeText) is compared with rows of width \(width)")
        }
        let linear = Operation.linear(Linear(inputWidth: width, outputWidth: rows, hasBias: false))
        guard let owner = builder.owner(of: call.path, kind: Operation.embeddingKind) else {
            throw call.unsupported("is used the reverse way before it is used as a table")
        }
        let rounded = builder.rounded(input, for: call, by: try builder.tableRounding(of: call), part: "input")
        var result = input
        result.name = builder.add(
            linear, [rounded.name], to: call,
            ties: ["weight": .init(parameter: ParameterID(node: owner, name: "tokens"), isTransposed: true)])
        result.width = rows
        return [.tensor(result)]
    }
}

extension Operation {
    /// Kind of embeddings in documents.
    fileprivate static let embeddingKind = "embedding"
}
