import ModelGraph
import Platform

/// A table of rows by id, or by position where the ids are 0, 1, 2 ….
enum EmbeddingLayer: KerasLayerClass {
    /// `OnDeviceEmbedding` is the Model Garden's, with keys of its own.
    static let names = ["Embedding", "OnDeviceEmbedding", "Text>OnDeviceEmbedding"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", ["embeddings"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let isGarden = call.layer.plainClassName == "OnDeviceEmbedding"
        let rows = try call.size(isGarden ? "vocab_size" : "input_dim")
        let width = try call.size(isGarden ? "embedding_width" : "output_dim")
        switch call.first {
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
