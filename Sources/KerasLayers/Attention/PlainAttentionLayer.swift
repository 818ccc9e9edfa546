import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// Attention without products of its own: the tensors are queries, values and keys as they are. Scores are products, or
/// sums of hyperbolic tangents (`AdditiveAttention`, `score_mode="concat"`).
///
/// In the graph it is attention with one head whose matrices are the identity: maps are shared, replaced and shown like
/// those of any other.
enum PlainAttentionLayer: KerasLayerClass {
    static let names = ["Attention", "AdditiveAttention"]
    static let options: Set<String>? = ["use_scale", "score_mode", "causal"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let isAdditive = layer.plainClassName == "AdditiveAttention"
        let isScaled = layer.flag("use_scale", default: isAdditive)
        let isConcatenating = !isAdditive && layer.config["score_mode"] == .string("concat")
        let names = (isScaled ? ["scale"] : []) + (isConcatenating ? ["concat_score_weight"] : [])
        return names.isEmpty ? [] : [VariableGroup("", names)]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let streams = try Streams(call, in: &builder)
        let (query, value, key) = (streams.query, streams.value, streams.key)
        let scores = try Scores(call, width: query.width, in: builder)
        var result = query
        result.isInteger = false
        result.width = value.width

        // One memory holds keys and values; where they are two tensors, side by side.
        let isShared = key.isSame(as: value)
        var memory = value
        if !isShared {
            memory.width = value.width + key.width
            memory.name = builder.add(.concatenate(.width), [value.name, key.name], to: call, part: "memory")
        }
        let isSelf = isShared && query.isSame(as: value)
        let isCausal =
            call.flag("causal", default: false)
            || (call.keywords["use_causal_mask"]?.constant?.boolValue ?? false)
        var keyMask = streams.valueMask
        if isCausal, keyMask == nil, builder.resolved(query.rows) != builder.resolved(memory.rows) {
            // Rows are counted from the first: as a mask of values does, and not from the last ones.
            keyMask = builder.everything(along: memory, for: call)
        }
        var attention = Attention(
            sizes: .init(
                inputWidth: query.width, memoryWidth: isSelf ? nil : memory.width, outputWidth: value.width,
                headSize: query.width, valueSize: value.width),
            scores: .init(
                scale: 1, mask: .init(isCausal: isCausal),
                masking: keyMask == nil ? nil : .init(keys: true, hiding: .penalized), comparison: scores.comparison),
            biases: .init(query: false, key: false, value: false, output: false), heads: [.computed])
        attention.hasHeadAxis = false
        var parameters = [
            "query_weight": scores.factor.diagonal(query.width),
            "key_weight": scores.keyFactor.diagonal(key.width, from: memory.width - key.width, of: memory.width),
            "value_weight": Scores.Factor.one.diagonal(value.width, of: memory.width),
            "output_weight": Scores.Factor.one.diagonal(value.width),
        ]
        parameters["score_weight"] = scores.weights
        let inputs = [query.name] + (isSelf ? [] : [memory.name]) + (keyMask.map { [$0] } ?? [])
        let node = builder.add(.attention(attention), inputs, to: call, parameters)
        result.name = node
        if let mask = streams.queryMask {
            result.name = builder.add(.multiply, [node, mask], to: call, part: "shown")
        }
        result.mask = streams.queryMask
        let maps = AttentionMaps(
            heads: [HeadID(node: node, head: 0)], masking: attention.masking, masks: keyMask.map { [$0] } ?? [],
            queries: query.rows, keys: memory.rows, hasHeadAxis: false)
        return [.tensor(result), .maps(maps)]
    }

    /// What a call attends with.
    private struct Streams {
        let query, value, key: LayerValue
        let queryMask, valueMask: String?

        init(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) {
            let elements = call.first.elements
            guard (2...3).contains(elements.count) else {
                throw call.unsupported("attends with \(elements.count) tensors")
            }
            func stream(_ element: KerasValue, _ name: String) throws(Problem) -> LayerValue {
                guard let tensor = element.tensor else {
                    throw call.unsupported("the \(name) is no tensor that is followed")
                }
                guard tensor.axes.count == 2, tensor.axes.last == .width else {
                    throw call.unsupported("attends over a tensor \(tensor.shapeText)")
                }
                return tensor
            }
            let query = try stream(elements[0], "query"), value = try stream(elements[1], "value")
            let key = elements.count > 2 ? try stream(elements[2], "key") : value
            guard query.width == key.width, builder.unify(key.rows, value.rows) else {
                throw call.corrupt("compares \(query.shapeText) with \(key.shapeText), values \(value.shapeText)")
            }
            // A single row goes through the rows of sequences like any other.
            self.query = builder.counted(query, for: call, part: "query_row")
            self.value = value.isSame(as: query) ? self.query : builder.counted(value, for: call, part: "value_row")
            self.key =
                key.isSame(as: value)
                ? self.value
                : key.isSame(as: query) ? self.query : builder.counted(key, for: call, part: "key_row")
            var masks = [self.query.mask, self.value.mask]
            if case let given = call[1, "mask"], !given.isNone {
                // What is handed in stands for what hangs on the tensors.
                for (number, mask) in given.elements.prefix(2).enumerated() {
                    if mask.isNone {
                        masks[number] = nil
                    } else {
                        guard let tensor = mask.tensor, tensor.isColumn else {
                            throw call.unsupported("its mask is no tensor that is followed")
                        }
                        masks[number] = tensor.name
                    }
                }
            }
            queryMask = masks[0]
            valueMask = masks[1]
        }
    }

    /// How queries and keys are compared.
    private struct Scores {
        /// A number that rows are multiplied with before they are compared.
        enum Factor {
            case one
            case stored(String)

            /// A matrix with it on the diagonal of some rows, zeros elsewhere.
            func diagonal(_ width: Int, from first: Int = 0, of rows: Int? = nil) -> ParameterSource {
                let shape: Shape = [rows ?? width, width], names: [String]
                switch self {
                case .one: names = []
                case .stored(let name): names = [name]
                }
                return .computed(
                    .init(names: names, shape: shape) { tensors in
                        let factor = tensors.first?.floats.first ?? 1
                        return Tensor(shape: shape) { target in
                            target.update(repeating: 0)
                            for index in 0..<width { target[(first + index) * width + index] = factor }
                        }
                    })
            }
        }

        /// `nil`: by their products.
        let comparison: Attention.Scores.Comparison?
        /// Multiplied to queries.
        let factor: Factor
        /// Multiplied to keys.
        let keyFactor: Factor
        /// Multiplied to the tangents.
        let weights: ParameterSource?

        init(_ call: LayerCall, width: Int, in builder: KerasGraphBuilder) throws(Problem) {
            let isAdditive = call.layer.plainClassName == "AdditiveAttention"
            let mode = call.config["score_mode"] ?? .string("dot")
            guard isAdditive || mode == .string("dot") || mode == .string("concat") else {
                throw call.unsupported("\"score_mode\" is \(mode.shortDescription)")
            }
            let isScaled = call.flag("use_scale", default: isAdditive)
            if isAdditive {
                comparison = .additive
                factor = .one
                keyFactor = .one
                weights = isScaled ? try builder.vector(of: call, number: 0, count: width) : .ones(width)
                return
            }
            let scale = isScaled ? Factor.stored(try builder.stored(of: call, number: 0, count: 1).name) : .one
            factor = scale
            guard mode == .string("concat") else {
                comparison = nil
                keyFactor = .one
                weights = nil
                return
            }
            // The scale stands inside the tangent, over query and key alike.
            comparison = .additive
            keyFactor = scale
            let weight = try builder.stored(of: call, number: isScaled ? 1 : 0, count: 1).name
            weights = .computed(
                .init(names: [weight], shape: [width]) { tensors in
                    Tensor([Float](repeating: tensors[0].floats[0], count: width), shape: [width])
                })
        }
    }
}

extension ParameterSource {
    /// Ones.
    static func ones(_ count: Int) -> ParameterSource {
        .computed(
            .init(names: [], shape: [count]) { _ in Tensor([Float](repeating: 1, count: count), shape: [count]) })
    }
}

extension KerasGraphBuilder {
    /// A mask that shows every row of a value.
    mutating func everything(along value: LayerValue, for call: LayerCall) -> String {
        let column = add(
            .slice(Slice(axis: .width, start: 0, count: 1)), [value.name], to: call, part: "every_row/column")
        return add(.affine(Affine(width: 1, factor: 0, shift: 1)), [column], to: call, part: "every_row")
    }
}
