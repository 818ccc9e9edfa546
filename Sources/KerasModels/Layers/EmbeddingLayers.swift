import JSON
import ModelGraph
import Platform

/// A table of rows by id, or by position where the ids are 0, 1, 2 ….
enum EmbeddingLayer: KerasLayerClass {
    /// `OnDeviceEmbedding` is the Model Garden's, with keys of its own.
    static let names = ["Embedding", "OnDeviceEmbedding", "Text>OnDeviceEmbedding"]

    static func places(of layer: KerasLayer) -> [VariablePlace] { [VariablePlace("", ["embeddings"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let isGardens = call.layer.plainClassName == "OnDeviceEmbedding"
        let rows = try call.size(isGardens ? "vocab_size" : "input_dim")
        let width = try call.size(isGardens ? "embedding_width" : "output_dim")
        switch call.arguments.first ?? call.keywords["inputs"] ?? .none {
        case .positions(let along):
            return [.tensor(try table(rows: rows, width: width, along: along, call, &builder))]
        case .tensor(let ids): return [.tensor(try lookUp(ids, rows: rows, width: width, call, &builder))]
        default: throw call.unsupported("looks up something that is no tensor of ids")
        }
    }

    /// Rows of the table by the ids of an input.
    static func lookUp(
        _ ids: LayerValue, rows: Int, width: Int, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        guard builder.layouts[ids.name] != nil, ids.isColumn else {
            throw call.unsupported("looks up ids that are computed; only an input's are read")
        }
        builder.layouts[ids.name]?.content = .ids
        let source = try builder.table(of: call, rows: rows, width: width)
        var result = ids
        result.name = builder.add(
            .embedding(
                Embedding(vocabulary: rows, width: width, scale: try call.number("scale_factor", default: 1))),
            [ids.name], to: call, ["tokens": source])
        result.axes.append(.width)
        result.width = width
        result.isInteger = false
        // The ids' own mask ends here: a table says itself whether 0 is padding.
        result.mask =
            call.flag("mask_zero", default: false)
            ? builder.add(.mask(hidden: 0), [ids.name], to: call, part: "mask") : nil
        return result
    }

    /// The first rows of the table, as many as a value has.
    static func table(
        rows: Int, width: Int, along value: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let source = try builder.table(of: call, rows: rows, width: width)
        let name = builder.add(
            .table(Table(count: rows, width: width, isAlongInput: true)), [value.name], to: call, ["rows": source])
        let axes = value.axes.filter(\.isRows)
        guard axes.count == 1 else { throw call.unsupported("positions along \(value.shapeText)") }
        return LayerValue(name: name, axes: axes + [.width], rows: value.rows, width: width)
    }
}

/// An embedding whose table also gives the scores of all ids.
enum ReversibleEmbeddingLayer: KerasLayerClass {
    static let names = ["ReversibleEmbedding"]

    static func places(of layer: KerasLayer) -> [VariablePlace] {
        let isTied = layer.config["tie_weights"]?.boolValue ?? true
        return [VariablePlace("", isTied ? ["embeddings"] : ["embeddings", "reverse_embeddings"])]
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
            ties: ["weight": .init(parameter: "\(owner)/tokens", isTransposed: true)])
        result.width = rows
        return [.tensor(result)]
    }
}

extension Operation {
    /// Kind of embeddings in documents.
    fileprivate static let embeddingKind = "embedding"
}
