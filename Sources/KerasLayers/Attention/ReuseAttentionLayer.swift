import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Attention some of whose heads read maps that an earlier layer computed (TF Model Garden).
///
/// Heads stand in the order in which the layer gives their maps: those that compute one first, then those that reuse
/// the first maps of what they were handed. Reused maps are taken as they are, whatever this layer's mask.
enum ReuseAttentionLayer: KerasLayerClass {
    static let takesMaps = true
    static let names = ["ReuseMultiHeadAttention"]
    static let options: Set<String>? = [
        "num_heads", "key_dim", "value_dim", "use_bias", "output_shape", "attention_axes", "reuse_attention",
        "use_relative_pe", "pe_max_seq_length",
    ]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let heads = Heads(layer)
        let projections = heads.new > 0 ? ["query_dense", "key_dense"] : []
        var groups = heads.knowsDistances ? [VariableGroup("", ["relative_position_embeddings"])] : []
        groups += projections.map { .kernel($0, hasBias: heads.hasBias) }
        groups += heads.parts.map { .kernel("value_dense/\($0)", hasBias: heads.hasBias) }
        // One bias is enough for the sum of both products.
        groups += heads.parts.enumerated().map { number, part in
            .kernel("output_dense/\(part)", hasBias: heads.hasBias && number == 0)
        }
        return groups
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let heads = Heads(call.layer)
        guard heads.all >= 1, heads.all <= GraphLimit.extent, heads.new >= 0, heads.reused >= 0 else {
            throw call.corrupt("\(heads.reused) of \(heads.all) heads reuse a map")
        }
        let (query, memory) = try call.attentionStreams()
        guard !heads.knowsDistances || query.isSame(as: memory) else {
            throw call.unsupported("knows the distances between rows of two tensors")
        }
        let outputWidth = try call.attentionWidth(of: query)
        let earlier = try earlier(call, heads)
        let parameters = try parameters(call, heads, query, memory, outputWidth, &builder)

        let masks = try AttentionMasks(
            call, query: query, memory: memory, maskPosition: 3, implicit: .none, in: &builder)
        var maps = AttentionMaps(
            heads: [], masking: masks.masking(hiding: .penalized), masks: masks.inputs)
        if let earlier {
            // A layer that computes no map has no use for a mask.
            if heads.new == 0 { (maps.masking, maps.masks) = (earlier.masking, earlier.masks) }
            guard maps.masks == earlier.masks, maps.masking == earlier.masking else {
                throw call.unsupported("reuses maps that were made under another mask than its own")
            }
        }
        let headSize = try call.size("key_dim")
        let reused = earlier?.heads.prefix(heads.reused) ?? []
        let attention = Attention(
            sizes: .init(
                inputWidth: query.width, memoryWidth: query.isSame(as: memory) ? nil : memory.width,
                outputWidth: outputWidth, headSize: headSize, valueSize: try valueSize(call)),
            groupCount: heads.all,
            scores: .init(
                scale: 1 / Float(headSize).squareRoot(), masking: maps.masking,
                positions: heads.knowsDistances ? .clamped(length: try call.size("pe_max_seq_length")) : nil),
            biases: .init(query: heads.hasBias, key: heads.hasBias, value: heads.hasBias, output: heads.hasBias),
            heads: [HeadSource](repeating: .computed, count: heads.new) + reused.map(HeadSource.reused))
        let streams = attention.isCross ? [query.name, memory.name] : [query.name]
        var result = query.withoutMask
        result.name = builder.add(.attention(attention), streams + maps.masks, to: call, parameters)
        result.width = outputWidth
        maps.heads = (0..<heads.new).map { HeadID(node: result.name, head: $0) } + reused
        // What was handed in goes on whole.
        if heads.new == 0, let earlier { maps.heads = earlier.heads }
        return [.tensor(result), .maps(maps)]
    }

    /// How many heads do what.
    private struct Heads {
        let all: Int
        let reused: Int
        let hasBias: Bool
        let knowsDistances: Bool

        init(_ layer: KerasLayer) {
            all = layer.config["num_heads"]?.boundedInteger ?? 0
            let share = layer.config["reuse_attention"]?.boundedInteger ?? 0
            reused = share == -1 ? all : share
            hasBias = layer.flag("use_bias", default: true)
            knowsDistances = layer.flag("use_relative_pe", default: false) && reused < all
        }

        var new: Int { all - reused }
        /// Objects in the layer's lists of projections: for reused maps, then for new ones.
        var parts: [String] { new > 0 && reused > 0 ? ["einsum_dense", "einsum_dense_1"] : ["einsum_dense"] }
        /// Heads of each of them.
        var counts: [Int] { [reused, new].filter { $0 > 0 } }
    }

    private static func valueSize(_ call: LayerCall) throws(Problem) -> Int {
        try call.size(call.has("value_dim") ? "value_dim" : "key_dim")
    }

    /// The maps that were handed in; `nil` when none are needed.
    private static func earlier(_ call: LayerCall, _ heads: Heads) throws(Problem) -> AttentionMaps? {
        guard heads.reused > 0 else { return nil }
        guard case .maps(let maps) = call[6, "reuse_attention_scores"] else {
            throw call.unsupported("the maps that it reuses are not those of an attention layer")
        }
        guard maps.heads.count >= heads.reused, heads.new > 0 || maps.heads.count == heads.reused else {
            throw call.corrupt("reuses \(heads.reused) of \(maps.heads.count) maps")
        }
        return maps
    }

    /// Projections of new and of reused heads as those of one node: the stored ones have the reused heads first.
    private static func parameters(
        _ call: LayerCall, _ heads: Heads, _ query: LayerValue, _ memory: LayerValue, _ outputWidth: Int,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> [String: ParameterSource] {
        let headSize = try call.size("key_dim"), valueSize = try valueSize(call)
        var result: [String: ParameterSource] = [:]
        func stored(_ object: String, _ number: Int, _ shape: [Int]) throws(Problem) -> StoredTensor {
            let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? 0 : $0 * $1 }
            let tensor = try builder.stored(of: call, object: object, number: number, count: count)
            guard tensor.shape.extents == shape else {
                throw call.corrupt(
                    "\(tensor.name.printable) has shape \(tensor.shape), expected \(Shape(shape))")
            }
            return tensor
        }
        if heads.new > 0 {
            for (name, width) in [("query", query.width), ("key", memory.width)] {
                result["\(name)_weight"] = .stored(try stored("\(name)_dense", 0, [width, heads.new, headSize]))
                if heads.hasBias {
                    result["\(name)_bias"] = .stored(try stored("\(name)_dense", 1, [heads.new, headSize]))
                }
            }
        }
        var values: [StoredTensor] = [], biases: [StoredTensor] = [], outputs: [StoredTensor] = []
        for (part, count) in zip(heads.parts, heads.counts) {
            values.append(try stored("value_dense/\(part)", 0, [memory.width, count, valueSize]))
            if heads.hasBias { biases.append(try stored("value_dense/\(part)", 1, [count, valueSize])) }
            outputs.append(try stored("output_dense/\(part)", 0, [count, valueSize, outputWidth]))
        }
        let columns = heads.all * valueSize
        result["value_weight"] = .sideBySide(values.reversed(), [memory.width, columns])
        result["output_weight"] = .sideBySide(
            outputs.reversed(), [1, columns * outputWidth], as: [columns, outputWidth])
        if heads.hasBias {
            result["value_bias"] = .sideBySide(biases.reversed(), [1, columns], as: [columns])
            result["output_bias"] = .stored(try stored("output_dense/\(heads.parts[0])", 1, [outputWidth]))
        }
        if heads.knowsDistances {
            let length = try call.size("pe_max_seq_length")
            let table = try stored("", 0, [1, heads.new, 2 * length - 1])
            let rows = heads.new, columns = 2 * length - 1
            result["position_bias"] = .computed(
                .init(names: [table.name], shape: [columns, rows]) {
                    $0[0].float32().reshaped([rows, columns])?.transposed()
                })
        }
        return result
    }
}

extension ParameterSource {
    /// Matrices of equally many rows, one beside the other.
    ///
    /// - Parameters:
    ///   - shape: Rows and columns of all together.
    ///   - result: The shape of the parameter where it is another one.
    fileprivate static func sideBySide(_ parts: [StoredTensor], _ shape: [Int], as result: [Int]? = nil) -> Self {
        if parts.count == 1 { return .stored(parts[0]) }
        let rows = shape[0], columns = shape[1]
        return .computed(
            .init(names: parts.map(\.name), shape: Shape(result ?? shape)) { tensors in
                Tensor(shape: Shape(result ?? shape)) { target in
                    var first = 0
                    for tensor in tensors {
                        tensor.withFloats { source in
                            let width = source.count / rows
                            for row in 0..<rows {
                                for column in 0..<width {
                                    target[row * columns + first + column] = source[row * width + column]
                                }
                            }
                            first += width
                        }
                    }
                }
            })
    }
}
