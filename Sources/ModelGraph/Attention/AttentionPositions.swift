import Platform
import Tensors

extension Attention {
    /// How an attention node's scores know positions. Part of the map: a borrowing head has none of it.
    package enum Positions: Sendable, Hashable {
        /// Queries and keys turned by angles that grow with the position.
        case rotary(Rotary)
        /// Each head adds its slope times (key position − query position), counted over the tokens that the mask shows.
        case alibi
        /// A number a head and bucket of distances, added to the scores.
        case bucketed(DistanceBuckets)
        /// A number a head and distance, added to the scores; distances of `length` and more are taken as `length − 1`.
        case clamped(length: Int)
        /// Content against position and position against content, added to content against content.
        case disentangled(Disentangled)
    }

    /// Buckets that grow with the distance: single distances up to half of them, then logarithmically (T5).
    package struct DistanceBuckets: Sendable, Hashable, Codable {
        /// Number of buckets.
        package var count: Int
        /// Distances from here on share the last bucket.
        package var maximumDistance: Int
        /// Whether half of the buckets are for keys after the query; otherwise those all fall into bucket 0.
        package var isBidirectional: Bool

        package init(count: Int, maximumDistance: Int, isBidirectional: Bool) {
            self.count = count
            self.maximumDistance = maximumDistance
            self.isBidirectional = isBidirectional
        }

        /// The bucket of key position − query position.
        package func bucket(of distance: Int) -> Int {
            let side = isBidirectional ? count / 2 : count
            let first = isBidirectional && distance > 0 ? side : 0
            let size = isBidirectional ? abs(distance) : max(-distance, 0)
            let exact = side / 2
            guard size >= exact, exact > 0 else { return first + min(size, side - 1) }
            // In single precision, as the frameworks do: distances at the edge of a bucket depend on the rounding.
            let share = logf(Float(size) / Float(exact)) / logf(Float(maximumDistance) / Float(exact))
            return first + min(exact + Int(share * Float(side - exact)), side - 1)
        }
    }

    /// RMS norm of each head's query and key before positions come in. Parameters: `query_norm`, `key_norm`
    /// `[headSize]`.
    package struct HeadNorm: Sendable, Hashable {
        /// Added to the mean square.
        package var epsilon: Float
        /// Added to the stored scale.
        package var scaleOffset: Float
        /// Whether the mean square is taken over the queries, or the keys, of all heads together (OLMo 2). Such a
        /// node's heads all compute a map, or none.
        package var isJoint: Bool

        package init(epsilon: Float, scaleOffset: Float = 0, isJoint: Bool = false) {
            self.isJoint = isJoint
            self.epsilon = epsilon
            self.scaleOffset = scaleOffset
        }
    }

    /// ALiBi's slope of a head: powers of two for 2ⁿ heads; for other numbers, those of the next lower power, then
    /// every other one of the next higher.
    package func alibiSlope(of head: Int) -> Float {
        var power = 1
        while power * 2 <= heads.count { power *= 2 }
        if head < power { return powf(2, -8 * Float(head + 1) / Float(power)) }
        return powf(2, -4 * Float(2 * (head - power) + 1) / Float(power))
    }
}

extension Attention.Positions {
    /// Distances beyond this on either side are treated like this one; `nil` where distances are not looked up.
    package var reach: Int? {
        switch self {
        case .rotary, .alibi: nil
        case .bucketed(let buckets): max(buckets.maximumDistance, buckets.count)
        case .clamped(let length): length - 1
        case .disentangled(let disentangled): max(disentangled.maximumDistance, disentangled.span)
        }
    }

    /// Rows of the table of numbers that are added to scores; `nil` where there is none.
    package var biasCount: Int? {
        switch self {
        case .bucketed(let buckets): buckets.count
        case .clamped(let length): 2 * length - 1
        case .rotary, .alibi, .disentangled: nil
        }
    }

    /// The row of that table for key position − query position.
    package func biasRow(of distance: Int) -> Int {
        switch self {
        case .bucketed(let buckets): buckets.bucket(of: distance)
        case .clamped(let length): min(max(distance + length - 1, 0), 2 * length - 2)
        case .rotary, .alibi, .disentangled: 0
        }
    }

    /// What is wrong with the numbers; `nil` when they make sense.
    func problem(headSize: Int) -> String? {
        let largest = GraphLimit.distances / 2
        switch self {
        case .alibi: return nil
        case .rotary(let rotary): return rotary.problem(headSize: headSize)
        case .bucketed(let buckets):
            return (2...largest).contains(buckets.count) && (1...largest).contains(buckets.maximumDistance)
                && buckets.maximumDistance > buckets.count / (buckets.isBidirectional ? 4 : 2)
                ? nil : "the buckets of distances are out of bounds"
        case .clamped(let length):
            return (1...largest).contains(length) ? nil : "the number of distances is out of bounds"
        case .disentangled(let disentangled): return disentangled.problem
        }
    }
}

extension Attention.Positions: Codable {
    private enum Key: String, CodingKey { case kind, length }
    private enum Kind: String, Codable { case rotary, alibi, bucketed, clamped, disentangled }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .rotary: self = .rotary(try Attention.Rotary(from: decoder))
        case .alibi: self = .alibi
        case .bucketed: self = .bucketed(try Attention.DistanceBuckets(from: decoder))
        case .clamped: self = .clamped(length: try container.decode(Int.self, forKey: .length))
        case .disentangled: self = .disentangled(try Attention.Disentangled(from: decoder))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .rotary(let rotary):
            try container.encode(Kind.rotary, forKey: .kind)
            try rotary.encode(to: encoder)
        case .alibi: try container.encode(Kind.alibi, forKey: .kind)
        case .bucketed(let buckets):
            try container.encode(Kind.bucketed, forKey: .kind)
            try buckets.encode(to: encoder)
        case .clamped(let length):
            try container.encode(Kind.clamped, forKey: .kind)
            try container.encode(length, forKey: .length)
        case .disentangled(let disentangled):
            try container.encode(Kind.disentangled, forKey: .kind)
            try disentangled.encode(to: encoder)
        }
    }
}

extension Attention.HeadNorm: Codable {
    private enum Key: String, CodingKey { case epsilon, scaleOffset, isJoint }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            epsilon: try container.decode(Float.self, forKey: .epsilon),
            scaleOffset: try container.decode(Float.self, forKey: .scaleOffset),
            isJoint: try container.decodeIfPresent(Bool.self, forKey: .isJoint) ?? false)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(epsilon, forKey: .epsilon)
        try container.encode(scaleOffset, forKey: .scaleOffset)
        if isJoint { try container.encode(isJoint, forKey: .isJoint) }
    }
}
