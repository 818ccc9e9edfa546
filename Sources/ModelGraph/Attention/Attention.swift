import Tensors

/// Multi-head attention with its projections; each head's map comes from its `HeadSource`.
///
/// Parameters (columns in the order of the heads that keep them):
/// - `query_weight` `[inputWidth, computed heads · headSize]`, `query_bias`: computed heads only;
/// - `key_weight` `[memory width, key groups · headSize]`, `key_bias`: groups with a computed head only;
/// - `value_weight` `[memory width, value groups · valueSize]`, `value_bias`: groups with a head that is not dropped;
/// - `output_weight` `[kept heads · valueSize, outputWidth]`, `output_bias`;
/// - where heads are normed and some compute: `query_norm`, `key_norm` `[headSize]`, or one number a column of
///   `query_weight` and `key_weight` where they are normed together;
/// - where scores are sums of hyperbolic tangents and some compute: `score_weight` `[headSize]`, the same for all
///   heads;
/// - where a number is added for each distance: `position_bias` `[rows of the table, computed heads]`;
/// - disentangled positions: `relative_embeddings` `[2 · span, inputWidth]` (of heads: `[2 · span − 1, headSize]`),
///   `relative_scale`, `relative_offset` `[inputWidth]` of the table's norm. They are the same for all heads, so that
///   layers can share them. Where positions have projections of their own, also `position_key_weight`,
///   `position_query_weight` and their biases, with the columns of `key_weight` and `query_weight`.
///
/// Sizes and what makes scores are read and changed as if they were its own: `attention.headSize`.
@dynamicMemberLookup
package struct Attention: Sendable, Hashable {
    /// Which keys a query sees.
    package struct Mask: Sendable, Hashable, Codable {
        /// Only keys at or before the query.
        package var isCausal: Bool
        /// Only keys fewer than this many positions back, and where it is not causal fewer than so many ahead; `nil`:
        /// all.
        package var window: Int?

        package init(isCausal: Bool = false, window: Int? = nil) {
            self.isCausal = isCausal
            self.window = window
        }
    }

    /// Masks that are values of the graph. They stand among the node's inputs after the streams, in the order of these
    /// fields; an element of 0 hides.
    package struct Masking: Sendable, Hashable, Codable {
        /// What hiding means.
        package enum Hiding: String, Sendable, Hashable, Codable {
            /// A hidden key is not looked at; a query without a visible key has a map of zeros.
            case excluded
            /// 10⁹ is taken off the scores of hidden keys (the future under a causal mask included): a query without
            /// a visible key looks at all keys alike.
            case penalized
        }

        /// A mask of the queries, of width 1: a hidden query sees no key.
        package var queries: Bool
        /// A mask of the keys, of width 1.
        package var keys: Bool
        /// A mask of pairs: an input with one column a key.
        package var pairs: Bool
        /// Sizes of the keys, of width 1: the logarithm of the number of tokens that a key stands for is added to its
        /// scores. Beside no mask. `nil`: each stands for one.
        package var sizes: Bool?
        /// What hiding means.
        package var hiding: Hiding
        /// What it means where the framework is asked for its maps, if it then computes on another path; `nil`: the
        /// same.
        package var reported: Hiding?

        package init(
            queries: Bool = false, keys: Bool = false, pairs: Bool = false, sizes: Bool? = nil,
            hiding: Hiding = .excluded, reported: Hiding? = nil
        ) {
            self.sizes = sizes
            self.reported = reported
            self.queries = queries
            self.keys = keys
            self.pairs = pairs
            self.hiding = hiding
        }

        /// Whether keys have sizes.
        package var hasSizes: Bool { sizes == true }

        /// Number of inputs that are masks, or sizes.
        package var inputCount: Int { (queries ? 1 : 0) + (keys ? 1 : 0) + (pairs ? 1 : 0) + (hasSizes ? 1 : 0) }
    }

    /// Which projections have a bias.
    package struct Biases: Sendable, Hashable, Codable {
        /// Whether the projection of that name adds a bias.
        package var query, key, value, output: Bool

        package init(query: Bool = true, key: Bool = true, value: Bool = true, output: Bool = true) {
            self.query = query
            self.key = key
            self.value = value
            self.output = output
        }
    }

    /// Widths of what goes in and out, and of a head.
    package struct Sizes: Sendable, Hashable, Codable {
        /// Width of the queries' stream.
        package var inputWidth: Int
        /// Width of the keys' and values' stream in cross-attention; `nil`: the queries' own stream.
        package var memoryWidth: Int?
        /// Width of the result.
        package var outputWidth: Int
        /// Width of a head's query and key.
        package var headSize: Int
        /// Width of a head's value.
        package var valueSize: Int

        /// - Parameter valueSize: `nil`: the head size.
        package init(inputWidth: Int, memoryWidth: Int? = nil, outputWidth: Int, headSize: Int, valueSize: Int? = nil) {
            self.inputWidth = inputWidth
            self.memoryWidth = memoryWidth
            self.outputWidth = outputWidth
            self.headSize = headSize
            self.valueSize = valueSize ?? headSize
        }
    }

    /// What is done to queries, keys and scores before the softmax: everything that a map is made by, but its heads.
    package struct Scores: Sendable, Hashable, Codable {
        /// Factor on the scores.
        package var scale: Float
        /// Which keys a query sees.
        package var mask: Mask
        /// Masks that are values of the graph; `nil`: none.
        package var masking: Masking?
        /// How scores know positions; `nil`: they don't.
        package var positions: Positions?
        /// Norm of each head's query and key; `nil`: none.
        package var headNorm: HeadNorm?
        /// Scores become cap · tanh(score / cap) before masks and biases; `nil`: they stay.
        package var softCap: Float?
        /// How a query and a key are compared; `nil`: by their product.
        package var comparison: Comparison?

        /// How a query and a key are compared, where not by their product.
        package enum Comparison: String, Sendable, Hashable, Codable {
            /// `Σ score_weight · tanh(query + key)` over the columns of a head (Bahdanau); `scale` is the query's
            /// alone.
            case additive
        }

        package init(
            scale: Float, mask: Mask = Mask(), masking: Masking? = nil, positions: Positions? = nil,
            headNorm: HeadNorm? = nil, softCap: Float? = nil, comparison: Comparison? = nil
        ) {
            self.comparison = comparison
            self.scale = scale
            self.mask = mask
            self.masking = masking
            self.positions = positions
            self.headNorm = headNorm
            self.softCap = softCap
        }
    }

    /// Widths of what goes in and out, and of a head.
    package var sizes: Sizes
    /// Groups of heads that share key and value projections; equal to the number of heads without grouping.
    package var groupCount: Int
    /// How scores are made.
    package var scores: Scores
    /// What the rows of maps times values are rounded to before the output projection; `nil`: nothing.
    package var contextRounding: Rounding?
    /// Which projections have a bias.
    package var biases: Biases
    /// Source of each head's map, in the source model's order.
    package var heads: [HeadSource]
    /// Whether the framework gives its maps an axis of heads; a layer that has only one may not.
    package var hasHeadAxis = true

    /// - Parameter groupCount: `nil`: each head has keys and values of its own.
    package init(
        sizes: Sizes, groupCount: Int? = nil, scores: Scores, contextRounding: Rounding? = nil,
        biases: Biases = Biases(), heads: [HeadSource]
    ) {
        self.sizes = sizes
        self.groupCount = groupCount ?? heads.count
        self.scores = scores
        self.contextRounding = contextRounding
        self.biases = biases
        self.heads = heads
    }

    package subscript<Member>(dynamicMember member: WritableKeyPath<Sizes, Member>) -> Member {
        get { sizes[keyPath: member] }
        set { sizes[keyPath: member] = newValue }
    }

    package subscript<Member>(dynamicMember member: WritableKeyPath<Scores, Member>) -> Member {
        get { scores[keyPath: member] }
        set { scores[keyPath: member] = newValue }
    }

    /// Number of inputs that are streams.
    package var streamCount: Int { isCross ? 2 : 1 }
    /// Whether keys and values come from another stream.
    package var isCross: Bool { sizes.memoryWidth != nil }
    /// Heads that compute a map, in order.
    package var computedHeads: [Int] { heads.indices.filter { heads[$0].isComputed } }
    /// Heads that are not dropped, in order.
    package var keptHeads: [Int] { heads.indices.filter { !heads[$0].isDropped } }
    /// Group whose key and value a head uses.
    package func group(of head: Int) -> Int { head * groupCount / max(heads.count, 1) }
    /// Groups whose key projection is kept, in order.
    package var keyGroups: [Int] { unique(computedHeads.map(group(of:))) }
    /// Groups whose value projection is kept, in order.
    package var valueGroups: [Int] { unique(keptHeads.map(group(of:))) }

    private func unique(_ groups: [Int]) -> [Int] {
        // Groups ascend with the heads, so equal ones stand side by side.
        groups.enumerated().filter { $0.offset == 0 || groups[$0.offset - 1] != $0.element }.map(\.element)
    }

    var parameters: [Parameter] {
        let width = sizes.inputWidth, memory = sizes.memoryWidth ?? width
        let query = computedHeads.count * sizes.headSize, key = keyGroups.count * sizes.headSize
        let value = valueGroups.count * sizes.valueSize, context = keptHeads.count * sizes.valueSize
        var result: [Parameter] = []
        func append(_ name: String, _ rows: Int, _ columns: Int, bias: Bool) {
            guard rows > 0, columns > 0 else { return }
            result.append(Parameter("\(name)_weight", [rows, columns]))
            if bias { result.append(Parameter("\(name)_bias", [columns])) }
        }
        append("query", width, query, bias: biases.query)
        append("key", memory, key, bias: biases.key)
        append("value", memory, value, bias: biases.value)
        append("output", context, sizes.outputWidth, bias: false)
        // The bias stays even when every head is dropped: their mean may have gone into it.
        if biases.output { result.append(Parameter("output_bias", [sizes.outputWidth])) }
        guard query > 0 else { return result }
        if scores.headNorm != nil {
            let isJoint = scores.headNorm?.isJoint == true
            result.append(Parameter("query_norm", [isJoint ? query : sizes.headSize]))
            result.append(Parameter("key_norm", [isJoint ? key : sizes.headSize]))
        }
        if scores.comparison == .additive { result.append(Parameter("score_weight", [sizes.headSize])) }
        if let rows = scores.positions?.biasCount {
            result.append(Parameter("position_bias", [rows, computedHeads.count]))
        }
        if case .disentangled(let disentangled) = scores.positions {
            if disentangled.hasOwnProjections {
                if disentangled.hasContentToPosition { append("position_key", width, key, bias: true) }
                if disentangled.hasPositionToContent { append("position_query", width, query, bias: true) }
            }
            let columns = disentangled.isOfHeads ? sizes.headSize : width
            result.append(Parameter("relative_embeddings", [disentangled.rowCount, columns]))
            if disentangled.epsilon != nil {
                result += [Parameter("relative_scale", [width]), Parameter("relative_offset", [width])]
            }
        }
        return result
    }
}

/// In documents all of it is one object: sizes and scores have no objects of their own.
extension Attention: Codable {
    private enum Key: String, CodingKey { case groupCount, contextRounding, biases, heads, hasHeadAxis }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        sizes = try Sizes(from: decoder)
        groupCount = try container.decode(Int.self, forKey: .groupCount)
        scores = try Scores(from: decoder)
        contextRounding = try container.decodeIfPresent(Rounding.self, forKey: .contextRounding)
        biases = try container.decode(Biases.self, forKey: .biases)
        heads = try container.decode([HeadSource].self, forKey: .heads)
        hasHeadAxis = try container.decodeIfPresent(Bool.self, forKey: .hasHeadAxis) ?? true
    }

    package func encode(to encoder: any Encoder) throws {
        try sizes.encode(to: encoder)
        try scores.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(groupCount, forKey: .groupCount)
        try container.encodeIfPresent(contextRounding, forKey: .contextRounding)
        try container.encode(biases, forKey: .biases)
        try container.encode(heads, forKey: .heads)
        if !hasHeadAxis { try container.encode(hasHeadAxis, forKey: .hasHeadAxis) }
    }
}
