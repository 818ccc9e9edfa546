import Platform

extension Attention {
    /// Disentangled attention: `q_i · P_k[r] + k_j · P_q[r]` is added to the scores, where `r` is the bucket of `i − j`
    /// and `P_k`, `P_q` are a table of positions taken through the head's own key and query projections (DeBERTa v2
    /// and v3).
    package struct Disentangled: Sendable, Hashable {
        /// Half of the table's rows: buckets of distances before and after.
        package var span: Int
        /// Distances from half of this on are grouped logarithmically; `nil`: each has a row, as far as the span goes.
        package var buckets: Int?
        /// The distance that the last bucket starts before.
        package var maximumDistance: Int
        /// Layer norm of the table's rows: added to the variance; `nil`: no norm.
        package var epsilon: Float?
        /// Whether contents look at positions: `q_i · P_k[r]`.
        package var hasContentToPosition: Bool
        /// Whether positions look at contents: `k_j · P_q[r]`.
        package var hasPositionToContent: Bool
        /// Whether positions have projections of their own, `position_key_weight` and `position_query_weight` with
        /// biases; otherwise they go through those of the contents.
        package var hasOwnProjections: Bool
        /// Whether the table's rows are as wide as a head, the same for all heads, and go through no projection; then
        /// it has a row for each distance from `1 - span` to `span - 1` (BERT's `relative_key`).
        package var isOfHeads: Bool

        package init(
            span: Int, buckets: Int?, maximumDistance: Int, epsilon: Float?, hasContentToPosition: Bool = true,
            hasPositionToContent: Bool = true, hasOwnProjections: Bool = false, isOfHeads: Bool = false
        ) {
            self.isOfHeads = isOfHeads
            self.hasContentToPosition = hasContentToPosition
            self.hasPositionToContent = hasPositionToContent
            self.hasOwnProjections = hasOwnProjections
            self.span = span
            self.buckets = buckets
            self.maximumDistance = maximumDistance
            self.epsilon = epsilon
        }

        /// The row of the table for query position − key position.
        package func row(of distance: Int) -> Int {
            var bucket = distance
            if let buckets, maximumDistance > 0 {
                let middle = buckets / 2, size = abs(distance)
                if size > middle, middle > 0 {
                    let share =
                        logf(Float(size) / Float(middle)) / logf(Float(maximumDistance - 1) / Float(middle))
                    bucket = (Int((share * Float(middle - 1)).rounded(.up)) + middle) * distance.signum()
                }
            }
            let first = isOfHeads ? span - 1 : span
            return min(max(bucket + first, 0), rowCount - 1)
        }

        /// Rows of the table.
        package var rowCount: Int { isOfHeads ? 2 * span - 1 : 2 * span }
    }
}

extension Attention.Disentangled {
    /// What is wrong with the numbers; `nil` when they make sense.
    var problem: String? {
        let largest = GraphLimit.distances / 2
        guard (1...largest).contains(span), (0...largest).contains(maximumDistance),
            (2...largest).contains(buckets ?? 2), (epsilon ?? 0).isFinite,
            buckets.map({ maximumDistance > $0 / 2 + 1 }) ?? true
        else { return "the disentangled positions are out of bounds" }
        guard !isOfHeads || buckets == nil && epsilon == nil && !hasOwnProjections else {
            return "a table of heads goes through no norm and no projection"
        }
        return hasContentToPosition || hasPositionToContent
            ? nil : "disentangled positions need contents that look at positions, or the other way round"
    }
}

/// What most models have is left out of documents.
extension Attention.Disentangled: Codable {
    private enum Key: String, CodingKey {
        case span, buckets, maximumDistance, epsilon, hasContentToPosition, hasPositionToContent, hasOwnProjections
        case isOfHeads
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func flag(_ key: Key, _ usual: Bool) throws -> Bool {
            try container.decodeIfPresent(Bool.self, forKey: key) ?? usual
        }
        self.init(
            span: try container.decode(Int.self, forKey: .span),
            buckets: try container.decodeIfPresent(Int.self, forKey: .buckets),
            maximumDistance: try container.decode(Int.self, forKey: .maximumDistance),
            epsilon: try container.decodeIfPresent(Float.self, forKey: .epsilon),
            hasContentToPosition: try flag(.hasContentToPosition, true),
            hasPositionToContent: try flag(.hasPositionToContent, true),
            hasOwnProjections: try flag(.hasOwnProjections, false), isOfHeads: try flag(.isOfHeads, false))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(span, forKey: .span)
        try container.encodeIfPresent(buckets, forKey: .buckets)
        try container.encode(maximumDistance, forKey: .maximumDistance)
        try container.encodeIfPresent(epsilon, forKey: .epsilon)
        if !hasContentToPosition { try container.encode(false, forKey: .hasContentToPosition) }
        if !hasPositionToContent { try container.encode(false, forKey: .hasPositionToContent) }
        if hasOwnProjections { try container.encode(true, forKey: .hasOwnProjections) }
        if isOfHeads { try container.encode(true, forKey: .isOfHeads) }
    }
}
