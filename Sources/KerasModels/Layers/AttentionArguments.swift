import JSON
import ModelGraph
import Platform

extension LayerCall {
    /// What an attention layer takes its queries from, and its keys and values.
    func attentionStreams() throws(Problem) -> (query: LayerValue, memory: LayerValue) {
        let query = try stream(self[0, "query"], "query"), memory = try stream(self[1, "value"], "value")
        if case let key = self[2, "key"], !key.isNone, try !stream(key, "key").isSame(as: memory) {
            throw unsupported("keys and values are made from different tensors")
        }
        if let axes = config["attention_axes"], !axes.isNull, axes != .array([.integer(1)]), axes != .integer(1) {
            throw unsupported("attends along axes \(axes.shortDescription)")
        }
        return (query, memory)
    }

    private func stream(_ value: KerasValue, _ name: String) throws(Problem) -> LayerValue {
        guard let tensor = value.tensor else { throw unsupported("the \(name) is no tensor that is followed") }
        guard tensor.isStream else { throw unsupported("attends over a tensor \(tensor.shapeText)") }
        return tensor
    }

    /// Width of an attention layer's result.
    func attentionWidth(of query: LayerValue) throws(Problem) -> Int {
        guard let shape = config["output_shape"], !shape.isNull else { return query.width }
        let extents = shape.arrayValue ?? [shape]
        guard extents.count == 1, let width = extents[0].intValue, (1...GraphLimit.extent).contains(width) else {
            throw unsupported("\"output_shape\" is \(shape.shortDescription)")
        }
        return width
    }
}

extension LayerValue {
    /// Whether two values are one tensor.
    func isSame(as other: LayerValue) -> Bool { name == other.name && axes == other.axes }
}

/// The masks of one call: those that the tensors carry, and the one handed in.
struct AttentionMasks {
    private var queries: String?
    private var keys: String?
    private var pairs: String?

    /// Values in the order in which attention takes them.
    var inputs: [String] { [queries, keys, pairs].compactMap { $0 } }

    func masking(hiding: Attention.Masking.Hiding) -> Attention.Masking? {
        inputs.isEmpty
            ? nil
            : Attention.Masking(queries: queries != nil, keys: keys != nil, pairs: pairs != nil, hiding: hiding)
    }

    /// - Parameter isImplicit: Whether masks that hang on the tensors count.
    init(
        _ call: LayerCall, query: LayerValue, memory: LayerValue, place: Int, isImplicit: Bool = true,
        in builder: inout KerasGraphBuilder
    ) throws(Problem) {
        var queryMasks = isImplicit ? [query.mask].compactMap { $0 } : []
        var keyMasks = isImplicit ? [memory.mask, call[2, "key"].tensor?.mask].compactMap { $0 } : []
        for (name, isQuery) in [("query_mask", true), ("value_mask", false), ("key_mask", false)] {
            guard let mask = call.keywords[name]?.tensor else { continue }
            guard mask.isColumn else { throw call.unsupported("\(name) is a tensor \(mask.shapeText)") }
            if isQuery { queryMasks.append(mask.name) } else { keyMasks.append(mask.name) }
        }
        if case let given = call[place, "attention_mask"], !given.isNone {
            guard let mask = given.tensor else { throw call.unsupported("its mask is no tensor that is followed") }
            try read(mask, call, query: query, memory: memory, &queryMasks, &keyMasks, &builder)
        }
        queries = builder.common(queryMasks, for: call, part: "query_mask")
        keys = builder.common(keyMasks, for: call, part: "key_mask")
    }

    /// A mask `[…, queries, keys]` where axes of extent 1 stand for all.
    private mutating func read(
        _ mask: LayerValue, _ call: LayerCall, query: LayerValue, memory: LayerValue, _ queryMasks: inout [String],
        _ keyMasks: inout [String], _ builder: inout KerasGraphBuilder
    ) throws(Problem) {
        let unknown = call.unsupported("a mask \(mask.shapeText) for \(query.shapeText) and \(memory.shapeText)")
        guard mask.axes.count >= 2, mask.axes.dropLast(2).allSatisfy({ $0 == .one }) else { throw unknown }
        let axes = Array(mask.axes.suffix(2))
        if axes[0] == .one {
            let column = try builder.column(mask, for: call, part: "mask")
            guard builder.unify(column.rows, memory.rows) else { throw unknown }
            keyMasks.append(column.name)
        } else if mask.width == 1, axes[0].isRows, axes[1] == .one || axes[1] == .width && memory.rows != .count(1) {
            guard builder.unify(mask.rows, query.rows) else { throw unknown }
            queryMasks.append(mask.name)
        } else {
            // One number a pair: only where an input of the model holds them.
            guard axes[0].isRows, axes[1] == .width, builder.markPairs(mask, rows: query.rows) else { throw unknown }
            pairs = mask.name
        }
    }
}
