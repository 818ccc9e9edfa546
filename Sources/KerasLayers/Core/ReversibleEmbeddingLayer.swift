import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// An embedding whose table also gives the scores of all ids.
enum ReversibleEmbeddingLayer: KerasLayerClass {
    static let takesConstants = true
    static let names = ["ReversibleEmbedding", "keras_hub>ReversibleEmbedding", "keras_nlp>ReversibleEmbedding"]
    static let options: Set<String>? = [
        "input_dim", "output_dim", "mask_zero", "tie_weights", "logit_soft_cap",
    ]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let isTied = layer.flag("tie_weights", default: true)
        return [VariableGroup("", isTied ? ["embeddings"] : ["embeddings", "reverse_embeddings"])]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        if !call.flag("tie_weights", default: true), builder.variables.tensors(of: call.path).count < 2 {
            throw call.corrupt("\"tie_weights\" is false, and only one table is stored")
        }
        guard call[1, "reverse"].constant?.boolValue == true else {
            return try EmbeddingLayer.apply(call, in: &builder)
        }
        let cap = call.has("logit_soft_cap") ? try call.number("logit_soft_cap", default: 0) : nil
        if let cap, cap <= 0 { throw call.corrupt("\"logit_soft_cap\" is \(cap)") }
        let rows = try call.size("input_dim"), width = try call.size("output_dim")
        let input = try call.input()
        guard input.axes.last == .width, input.width == width else {
            throw call.corrupt("\(input.shapeText) is compared with rows of width \(width)")
        }
        guard call.flag("tie_weights", default: true) else {
            let table = try builder.vector(of: call, number: 1, count: width * rows)
            var result = input.withoutMask
            result.name = builder.add(
                .linear(Linear(inputWidth: width, outputWidth: rows, hasBias: false)), [input.name], to: call,
                part: "reverse", ["weight": table])
            result.width = rows
            return [.tensor(capped(result, cap, call, &builder))]
        }
        let linear = Operation.linear(Linear(inputWidth: width, outputWidth: rows, hasBias: false))
        guard let owner = builder.owner(of: call.path, kind: Operation.embeddingKind) else {
            throw call.unsupported("is used the reverse way before it is used as a table")
        }
        let rounded = builder.rounded(input, for: call, by: try builder.tableRounding(of: call), part: "input")
        var result = input.withoutMask
        result.name = builder.add(
            linear, [rounded.name], to: call,
            ties: ["weight": .init(parameter: ParameterID(node: owner, name: "tokens"), isTransposed: true)])
        result.width = rows
        return [.tensor(capped(result, cap, call, &builder))]
    }

    /// `cap · tanh(x / cap)`.
    private static func capped(
        _ value: LayerValue, _ cap: Float?, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) -> LayerValue {
        guard let cap else { return value }
        var result = builder.scaled(value, factor: 1 / cap, shift: 0, for: call, part: "capped")
        result.name = builder.add(.activation(.tanh), [result.name], to: call, part: "capped")
        return builder.scaled(result, factor: cap, shift: 0, for: call, part: "logits")
    }
}

extension Operation {
    /// Kind of embeddings in documents.
    fileprivate static let embeddingKind = "embedding"
}
