import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Attention with one product each for queries, keys, values and output: what Keras's own attention layers compute.
struct ProjectedAttention {
    /// Keys of the configurations that attention of every kind uses.
    static let options: Set<String>? = [
        "num_heads", "key_dim", "value_dim", "head_dim", "num_query_heads", "num_key_value_heads", "use_bias",
        "output_shape",
        "attention_axes", "flash_attention", "use_gate", "sliding_window",
    ]

    let call: LayerCall
    let heads: Int
    /// Groups of heads that share keys and values; as many as heads where none do.
    let groups: Int
    /// Columns of a head's queries and keys.
    let headSize: Int
    /// Columns of a head's values.
    let valueSize: Int
    /// Which argument of the call is the mask.
    var maskPosition: Int?
    /// Which masks that hang on the tensors hide keys.
    var implicit = AttentionMasks.Implicit.all
    /// Whether the layer takes the masks off the tensors that it is handed: later layers find none there.
    var takesMasksOff = false
    /// Factor on the scores; `nil`: one over the root of the head's columns.
    var scale: Float?

    /// A kernel and a bias for each product.
    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let hasBias = layer.flag("use_bias", default: true)
        return ["query_dense", "key_dense", "value_dense", "output_dense"].map { .kernel($0, hasBias: hasBias) }
    }

    /// Adds the attention to the graph.
    ///
    /// - Returns: The result, and the maps.
    func apply(in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["use_gate", "sliding_window"])
        let (query, values, key) = try call.attentionStreams(in: &builder)
        // Keys of another tensor stand beside the values: each projection reads its own columns of both.
        let memory = key.map { builder.sideBySide(values, $0, for: call) } ?? values
        let outputWidth = try call.attentionWidth(of: query)
        let isSelf = query.isSame(as: memory)
        let biases = call.flag("use_bias", default: true)
        let projections = try Projections(
            self, query: query, memory: memory, keyWidth: key?.width, outputWidth: outputWidth, in: &builder)

        var masks = try AttentionMasks(
            call, query: query, memory: memory,
            maskPosition: maskPosition ?? (call.generation == .keras2 ? 3 : 6), implicit: implicit, in: &builder)
        let isCausal = call.keywords["use_causal_mask"]?.constant?.boolValue ?? false
        if isCausal, masks.inputs.isEmpty, builder.resolved(query.rows) != builder.resolved(memory.rows) {
            // Keras counts queries and keys from the first, as a mask of values does.
            masks.showKeys(by: builder.everything(along: memory, for: call))
        }
        let attention = Attention(
            sizes: .init(
                inputWidth: query.width, memoryWidth: isSelf ? nil : memory.width, outputWidth: outputWidth,
                headSize: headSize, valueSize: valueSize),
            groupCount: groups,
            scores: .init(
                scale: scale ?? 1 / Float(headSize).squareRoot(), mask: .init(isCausal: isCausal),
                masking: masks.masking(
                    hiding: hiding,
                    // Asked for scores, Keras 3 takes the explicit path.
                    reported: call.generation == .keras3 && hiding == .penalized ? .excluded : nil)),
            contextRounding: projections.contextRounding,
            biases: .init(query: biases, key: biases, value: biases, output: biases),
            heads: [HeadSource](repeating: .computed, count: heads))
        let streams = isSelf ? [projections.query] : [projections.query, projections.memory]
        var result = query
        result.name = builder.add(
            .attention(attention), streams + masks.inputs, to: call, projections.parameters)
        result.width = outputWidth
        // The result has the query's mask.
        if takesMasksOff, !builder.attentionLeavesMasks {
            for value in [call[0, "query"], call[1, "value"], call[2, "key"]] {
                if let tensor = value.tensor { builder.unmasked.insert(tensor.name) }
            }
        }
        let maps = AttentionMaps(
            heads: (0..<heads).map { HeadID(node: result.name, head: $0) }, masking: attention.masking,
            masks: masks.inputs, queries: query.rows, keys: memory.rows)
        return [.tensor(result), .maps(maps)]
    }

    /// What a hidden key means: Keras 2 and the fused path of Keras 3, which is taken without dropout, take a large
    /// number off its score; the explicit path leaves it out.
    private var hiding: Attention.Masking.Hiding {
        guard call.generation == .keras3 else { return .penalized }
        let asksForScores = call.keywords["return_attention_scores"]?.constant?.boolValue ?? false
        return (call.config["dropout"]?.doubleValue ?? 0) > 0 || asksForScores ? .excluded : .penalized
    }

    /// The four products.
    private struct Projections {
        /// Names of the streams, rounded where the layer is quantized.
        let query: String
        let memory: String
        let contextRounding: Rounding?
        let parameters: [String: ParameterSource]

        init(
            _ attention: ProjectedAttention, query: LayerValue, memory: LayerValue, keyWidth: Int?, outputWidth: Int,
            in builder: inout KerasGraphBuilder
        ) throws(Problem) {
            let call = attention.call
            let hasBias = call.flag("use_bias", default: true)
            var parameters: [String: ParameterSource] = [:]
            var roundings: [Rounding?] = []
            /// - Parameter rows: Rows of zeros before and after those of the matrix.
            func add(
                _ name: String, _ contracted: [Int], _ kept: [Int], _ builder: inout KerasGraphBuilder,
                rows: (before: Int, after: Int)? = nil
            )
                throws(Problem)
            {
                let matrix = try builder.matrix(
                    of: call, object: "\(name)_dense", contracted: contracted, kept: kept, hasBias: hasBias)
                let columns = kept.reduce(1, *), count = contracted.reduce(1, *)
                parameters["\(name)_weight"] =
                    rows.map { matrix.weight.padded(rows: count, columns: columns, before: $0.before, after: $0.after) }
                    ?? matrix.weight
                parameters["\(name)_bias"] = matrix.bias
                roundings.append(matrix.rounding)
            }
            try add("query", [query.width], [attention.heads, attention.headSize], &builder)
            let width = memory.width - (keyWidth ?? 0)
            try add(
                "key", [keyWidth ?? width], [attention.groups, attention.headSize], &builder,
                rows: keyWidth == nil ? nil : (before: width, after: 0))
            try add(
                "value", [width], [attention.groups, attention.valueSize], &builder,
                rows: keyWidth.map { (before: 0, after: $0) })
            try add("output", [attention.heads, attention.valueSize], [outputWidth], &builder)
            guard roundings[1] == roundings[2], query.name != memory.name || roundings[0] == roundings[1] else {
                throw call.unsupported("its projections are quantized in different ways")
            }
            self.query = builder.rounded(query, for: call, by: roundings[0], part: "query_input").name
            self.memory =
                query.name == memory.name
                ? self.query : builder.rounded(memory, for: call, by: roundings[1], part: "memory_input").name
            contextRounding = roundings[3]
            self.parameters = parameters
        }
    }
}
