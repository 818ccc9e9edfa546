import ModelGraph

/// Multi-head attention, over itself or over another tensor.
enum MultiHeadAttentionLayer: KerasLayerClass {
    static let names = ["MultiHeadAttention"]

    static func places(of layer: KerasLayer) -> [VariablePlace] { AttentionCall.places(of: layer) }

    static func apply(_ call: LayerCall, in assembly: inout KerasAssembly) throws(Problem) -> [KerasValue] {
        let heads = try call.size("num_heads"), headSize = try call.size("key_dim")
        let valueSize = call.config["value_dim"].map(\.isNull) ?? true ? headSize : try call.size("value_dim")
        return try AttentionCall(
            call, heads: heads, groups: heads, headSize: headSize, valueSize: valueSize
        ).apply(in: &assembly)
    }
}

/// Attention whose heads share keys and values in groups.
enum GroupedQueryAttentionLayer: KerasLayerClass {
    static let names = ["GroupQueryAttention", "GroupedQueryAttention"]

    static func places(of layer: KerasLayer) -> [VariablePlace] { AttentionCall.places(of: layer) }

    static func apply(_ call: LayerCall, in assembly: inout KerasAssembly) throws(Problem) -> [KerasValue] {
        let size = try call.size("head_dim")
        let heads = try call.size("num_query_heads"), groups = try call.size("num_key_value_heads")
        guard heads.isMultiple(of: groups) else { throw call.corrupt("\(heads) heads in \(groups) groups") }
        return try AttentionCall(call, heads: heads, groups: groups, headSize: size, valueSize: size)
            .apply(in: &assembly)
    }
}

/// What the attention layers have in common.
private struct AttentionCall {
    let call: LayerCall
    let heads: Int
    let groups: Int
    let headSize: Int
    let valueSize: Int

    init(_ call: LayerCall, heads: Int, groups: Int, headSize: Int, valueSize: Int) {
        self.call = call
        self.heads = heads
        self.groups = groups
        self.headSize = headSize
        self.valueSize = valueSize
    }

    static func places(of layer: KerasLayer) -> [VariablePlace] {
        let names = layer.config["use_bias"]?.boolValue ?? true ? ["kernel", "bias"] : ["kernel"]
        return ["query_dense", "key_dense", "value_dense", "output_dense"].map { VariablePlace($0, names) }
    }

    func apply(in assembly: inout KerasAssembly) throws(Problem) -> [KerasValue] {
        try call.refuse(["use_gate", "sliding_window"])
        let query = try stream(call[0, "query"], "query"), memory = try stream(call[1, "value"], "value")
        if case let key = call[2, "key"], !key.isNone, try !isSame(stream(key, "key"), memory) {
            throw call.unsupported("keys and values are made from different tensors")
        }
        if let axes = call.config["attention_axes"], !axes.isNull, axes != .array([.integer(1)]), axes != .integer(1) {
            throw call.unsupported("attends along axes \(axes.shortDescription)")
        }
        let outputWidth = try outputWidth(of: query)
        let isSelf = isSame(query, memory)
        let biases = call.flag("use_bias", default: true)
        let projections = try Projections(self, query: query, memory: memory, outputWidth: outputWidth, in: &assembly)

        let masks = try AttentionMasks(call, query: query, memory: memory, in: &assembly)
        let isCausal = call.keywords["use_causal_mask"]?.constant?.boolValue ?? false
        let attention = Attention(
            inputWidth: query.width, memoryWidth: isSelf ? nil : memory.width, outputWidth: outputWidth,
            headSize: headSize, valueSize: valueSize, groupCount: groups, scale: 1 / Float(headSize).squareRoot(),
            mask: .init(isCausal: isCausal), masking: masks.masking(hiding: hiding),
            contextRounding: projections.contextRounding,
            biases: .init(query: biases, key: biases, value: biases, output: biases),
            heads: [HeadSource](repeating: .computed, count: heads))
        let streams = isSelf ? [projections.query] : [projections.query, projections.memory]
        var result = query
        result.name = assembly.add(
            .attention(attention), streams + masks.inputs, to: call, projections.parameters)
        result.width = outputWidth
        // Keras 3 hands no mask on, Keras 2 that of the query.
        if call.generation == .keras3 { result.mask = nil }
        return [.tensor(result)]
    }

    /// What a hidden key means: Keras 2 and the fused path of Keras 3, which is taken without dropout, take a large
    /// number off its score; the explicit path leaves it out.
    private var hiding: Attention.Masking.Hiding {
        guard call.generation == .keras3 else { return .penalized }
        let asksForScores = call.keywords["return_attention_scores"]?.constant?.boolValue ?? false
        return (call.config["dropout"]?.doubleValue ?? 0) > 0 || asksForScores ? .excluded : .penalized
    }

    private func stream(_ value: KerasValue, _ name: String) throws(Problem) -> LayerValue {
        guard let tensor = value.tensor else { throw call.unsupported("the \(name) is no tensor that is followed") }
        guard tensor.isStream else { throw call.unsupported("attends over a tensor \(tensor.shapeText)") }
        return tensor
    }

    private func isSame(_ left: LayerValue, _ right: LayerValue) -> Bool {
        left.name == right.name && left.axes == right.axes
    }

    private func outputWidth(of query: LayerValue) throws(Problem) -> Int {
        guard let shape = call.config["output_shape"], !shape.isNull else { return query.width }
        let extents = shape.arrayValue ?? [shape]
        guard extents.count == 1, let width = extents[0].intValue, (1...GraphLimit.extent).contains(width) else {
            throw call.unsupported("\"output_shape\" is \(shape.shortDescription)")
        }
        return width
    }

    /// The four products.
    private struct Projections {
        /// Names of the streams, rounded where the layer is quantised.
        let query: String
        let memory: String
        let contextRounding: Rounding?
        let parameters: [String: KerasAssembly.Source]

        init(
            _ attention: AttentionCall, query: LayerValue, memory: LayerValue, outputWidth: Int,
            in assembly: inout KerasAssembly
        ) throws(Problem) {
            let call = attention.call
            let hasBias = call.flag("use_bias", default: true)
            var parameters: [String: KerasAssembly.Source] = [:]
            var roundings: [Rounding?] = []
            func add(
                _ name: String, _ contracted: [Int], _ kept: [Int], _ assembly: inout KerasAssembly
            )
                throws(Problem)
            {
                let matrix = try assembly.matrix(
                    of: call, object: "\(name)_dense", contracted: contracted, kept: kept, hasBias: hasBias)
                parameters["\(name)_weight"] = matrix.weight
                parameters["\(name)_bias"] = matrix.bias
                roundings.append(matrix.rounding)
            }
            try add("query", [query.width], [attention.heads, attention.headSize], &assembly)
            try add("key", [memory.width], [attention.groups, attention.headSize], &assembly)
            try add("value", [memory.width], [attention.groups, attention.valueSize], &assembly)
            try add("output", [attention.heads, attention.valueSize], [outputWidth], &assembly)
            guard roundings[1] == roundings[2], query.name != memory.name || roundings[0] == roundings[1] else {
                throw call.unsupported("its projections are quantised in different ways")
            }
            self.query = assembly.rounded(query, for: call, by: roundings[0], part: "query_input").name
            self.memory =
                query.name == memory.name
                ? self.query : assembly.rounded(memory, for: call, by: roundings[1], part: "memory_input").name
            contextRounding = roundings[3]
            self.parameters = parameters
        }
    }
}

/// The masks of one call: those that the tensors carry, and the one handed in.
private struct AttentionMasks {
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

    init(
        _ call: LayerCall, query: LayerValue, memory: LayerValue, in assembly: inout KerasAssembly
    ) throws(Problem) {
        var queryMasks = [query.mask].compactMap { $0 }
        var keyMasks = [memory.mask, call[2, "key"].tensor?.mask].compactMap { $0 }
        for (name, isQuery) in [("query_mask", true), ("value_mask", false), ("key_mask", false)] {
            guard let mask = call.keywords[name]?.tensor else { continue }
            guard mask.isColumn else { throw call.unsupported("\(name) is a tensor \(mask.shapeText)") }
            if isQuery { queryMasks.append(mask.name) } else { keyMasks.append(mask.name) }
        }
        let place = call.generation == .keras2 ? 3 : 6
        if case let given = call[place, "attention_mask"], !given.isNone {
            guard let mask = given.tensor else { throw call.unsupported("its mask is no tensor that is followed") }
            try read(mask, call, query: query, memory: memory, &queryMasks, &keyMasks, &assembly)
        }
        queries = assembly.common(queryMasks, for: call, part: "query_mask")
        keys = assembly.common(keyMasks, for: call, part: "key_mask")
    }

    /// A mask `[…, queries, keys]` where axes of extent 1 stand for all.
    private mutating func read(
        _ mask: LayerValue, _ call: LayerCall, query: LayerValue, memory: LayerValue, _ queryMasks: inout [String],
        _ keyMasks: inout [String], _ assembly: inout KerasAssembly
    ) throws(Problem) {
        let unknown = call.unsupported("a mask \(mask.shapeText) for \(query.shapeText) and \(memory.shapeText)")
        guard mask.axes.count >= 2, mask.axes.dropLast(2).allSatisfy({ $0 == .one }) else { throw unknown }
        let axes = Array(mask.axes.suffix(2))
        if axes[0] == .one {
            let column = try assembly.column(mask, for: call, part: "mask")
            guard assembly.unify(column.rows, memory.rows) else { throw unknown }
            keyMasks.append(column.name)
        } else if mask.width == 1, axes[0].isRows, axes[1] == .one || axes[1] == .width && memory.rows != .count(1) {
            guard assembly.unify(mask.rows, query.rows) else { throw unknown }
            queryMasks.append(mask.name)
        } else {
            // One number a pair: only where an input of the model holds them.
            guard axes[0].isRows, axes[1] == .width, assembly.markPairs(mask, rows: query.rows) else { throw unknown }
            pairs = mask.name
        }
    }
}
