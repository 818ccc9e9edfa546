import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// A table of rows by id, or by position where the ids are 0, 1, 2 ….
enum EmbeddingLayer: KerasLayerClass {
    /// `OnDeviceEmbedding` is the Model Garden's, with keys of its own.
    static let takesConstants = true
    static let names = ["Embedding", "OnDeviceEmbedding", "Text>OnDeviceEmbedding"]
    static let options: Set<String>? = [
        "input_dim", "output_dim", "mask_zero", "vocab_size", "embedding_width", "scale_factor", "use_one_hot",
        "initializer",
    ]

    static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", ["embeddings"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let isGarden = call.layer.plainClassName == "OnDeviceEmbedding"
        let rows = try call.size(isGarden ? "vocab_size" : "input_dim")
        let width = try call.size(isGarden ? "embedding_width" : "output_dim")
        switch call.first {
        case .positions(let along):
            return [.tensor(try table(rows: rows, width: width, along: along, call, &builder))]
        case .array(let ids): return [.tensor(try self.rows(of: ids, count: rows, width: width, call, &builder))]
        case .tensor(let ids): return [.tensor(try lookUp(ids, rows: rows, width: width, call, &builder))]
        default: throw call.unsupported("looks up something that is no tensor of ids")
        }
    }

    /// Rows of the table by the ids of an input.
    static func lookUp(
        _ ids: LayerValue, rows: Int, width: Int, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        if let counted = builder.counted[ids.name] {
            guard try call.number("scale_factor", default: 1) == 1 else { throw call.unsupported("scales its rows") }
            guard !call.flag("mask_zero", default: false) else { throw call.unsupported("hides a position") }
            return try table(rows: rows, width: width, along: counted.along, from: counted.start, call, &builder)
        }
        if builder.layouts[ids.name] == nil,
            let found = try builder.gathered(
                ids, try builder.table(of: call, rows: rows, width: width), rows: rows, width: width, for: call)
        {
            guard try call.number("scale_factor", default: 1) == 1 else { throw call.unsupported("scales its rows") }
            var result = found.withoutMask
            if call.flag("mask_zero", default: false) {
                result.mask = builder.add(.mask(hidden: 0), [ids.name], to: call, part: "mask")
            }
            return result
        }
        let ids = try builder.ids(ids, for: call)
        var result = try builder.lookedUp(
            ids, try builder.table(of: call, rows: rows, width: width), rows: rows, width: width,
            scale: try call.number("scale_factor", default: 1), isShared: true, for: call)
        // The ids' own mask ends here: a table says itself whether 0 is padding.
        result.mask =
            call.flag("mask_zero", default: false)
            ? builder.add(.mask(hidden: 0), [ids.name], to: call, part: "mask") : nil
        return result
    }

    /// Rows of the table by ids that are known before anything runs: positions that were counted while the model was
    /// built.
    private static func rows(
        of ids: ConstantArray, count: Int, width: Int, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let first = ids.isBatched || ids.shape.count > 1 ? ids.shape[0] : 1
        let numbers = ids.values.compactMap { Int(exactly: $0.rounded(.towardZero)) }
        guard first == 1, !ids.shape.isEmpty, numbers.count == ids.values.count,
            numbers.allSatisfy({ (0..<count).contains($0) })
        else { throw call.corrupt("looks up ids \(ids.shapeText) that its \(count) rows do not have") }
        guard try call.number("scale_factor", default: 1) == 1 else { throw call.unsupported("scales its rows") }
        let extents = ids.isBatched || ids.shape.count > 1 ? Array(ids.shape.dropFirst()) : ids.shape
        let table = try builder.table(of: call, rows: count, width: width)
        let source = table.rows(numbers, of: count, width: width)
        let name = builder.addOwned(
            .table(Table(count: numbers.count, width: width, isAlongInput: false)), [], to: call, part: "rows",
            ["rows": source])
        var result = LayerValue(
            name: name, axes: extents.map { $0 == 1 ? .one : .rows($0) } + [.width], rows: .count(numbers.count),
            width: width)
        result.hasBatch = ids.isBatched || ids.shape.count > 1
        if numbers.count == 1 {
            result.axes = extents.map { _ in .rows(1) } + [.width]
            result = builder.squeezed(result, for: call)
        }
        if call.flag("mask_zero", default: false) {
            let shown = numbers.map { $0 == 0 ? 0.0 : 1 }
            let mask = ConstantArray(shape: [1, numbers.count], values: shown)
            result.mask = try builder.materialized(mask, rank: 2, isColumn: true, for: call).name
        }
        return result
    }

    /// Rows of the table from one on, as many as a value has.
    static func table(
        rows: Int, width: Int, along value: LayerValue, from start: Int = 0, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let source = try builder.table(of: call, rows: rows, width: width)
        guard start < rows else { throw call.corrupt("looks up row \(start) of \(rows)") }
        let table = Table(count: rows, width: width, isAlongInput: true, offset: start)
        let name = builder.add(.table(table), [value.name], to: call, ["rows": source])
        let axes = value.axes.filter(\.isRows)
        guard axes.count == 1 else { throw call.unsupported("positions along \(value.shapeText)") }
        var result = LayerValue(name: name, axes: axes + [.width], rows: value.rows, width: width)
        result.hasBatch = false
        return result
    }
}
