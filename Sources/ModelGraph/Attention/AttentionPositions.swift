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

    /// Rotary positions: columns `a`, `b` of a head become `a · cos − b · sin`, `b · cos + a · sin`.
    package struct Rotary: Sendable, Hashable, Codable {
        /// How long wavelengths are stretched for sequences longer than those of the training.
        package enum Scaling: Sendable, Hashable {
            /// Positions are divided by the factor.
            case linear(factor: Float)
            /// Wavelengths above `length / low` are stretched by the factor, those below `length / high` are kept, and
            /// between them the factor fades (Llama 3).
            case banded(factor: Float, low: Float, high: Float, length: Float)
        }

        /// Columns that turn, the first ones of each head; even.
        package var size: Int
        /// The pair of columns `i` turns by position · base^(−2i / size).
        package var base: Float
        /// Whether columns 2i and 2i + 1 form a pair; otherwise i and i + size / 2.
        package var isInterleaved: Bool
        /// Stretching of wavelengths; `nil`: none.
        package var scaling: Scaling?

        package init(size: Int, base: Float, isInterleaved: Bool = false, scaling: Scaling? = nil) {
            self.size = size
            self.base = base
            self.isInterleaved = isInterleaved
            self.scaling = scaling
        }

        /// Angle a position, for each of the `size / 2` pairs.
        package var frequencies: [Float] {
            (0..<size / 2).map { pair in
                let frequency = 1 / powf(base, Float(2 * pair) / Float(size))
                switch scaling {
                case nil: return frequency
                case .linear(let factor): return frequency / factor
                case .banded(let factor, let low, let high, let length):
                    let wavelength = 2 * Float.pi / frequency
                    if wavelength < length / high { return frequency }
                    if wavelength > length / low { return frequency / factor }
                    let share = (length / wavelength - low) / (high - low)
                    return (1 - share) * frequency / factor + share * frequency
                }
            }
        }
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

    /// Disentangled attention: `q_i · P_k[r] + k_j · P_q[r]` is added to the scores, where `r` is the bucket of `i − j`
    /// and `P_k`, `P_q` are a table of positions taken through the head's own key and query projections (DeBERTa v2
    /// and v3).
    package struct Disentangled: Sendable, Hashable, Codable {
        /// Half of the table's rows: buckets of distances before and after.
        package var span: Int
        /// Distances from half of this on are grouped logarithmically; `nil`: each has a row, as far as the span goes.
        package var buckets: Int?
        /// The distance that the last bucket starts before.
        package var maximumDistance: Int
        /// Layer norm of the table's rows: added to the variance; `nil`: no norm.
        package var epsilon: Float?

        package init(span: Int, buckets: Int?, maximumDistance: Int, epsilon: Float?) {
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
            return min(max(bucket + span, 0), 2 * span - 1)
        }
    }

    /// RMS norm of each head's query and key before positions come in. Parameters: `query_norm`, `key_norm`
    /// `[headSize]`.
    package struct HeadNorm: Sendable, Hashable, Codable {
        /// Added to the mean square.
        package var epsilon: Float
        /// Added to the stored scale.
        package var scaleOffset: Float

        package init(epsilon: Float, scaleOffset: Float = 0) {
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
        case .rotary(let rotary):
            guard (2...headSize).contains(rotary.size), rotary.size.isMultiple(of: 2) else {
                return "\(rotary.size) columns of a head of \(headSize) cannot turn in pairs"
            }
            guard rotary.base.isFinite, rotary.base > 1 else { return "the rotary base must be a number above 1" }
            switch rotary.scaling {
            case nil: return nil
            case .linear(let factor): return factor.isFinite && factor > 0 ? nil : "the rotary factor must be above 0"
            case .banded(let factor, let low, let high, let length):
                return [factor, low, high, length].allSatisfy { $0.isFinite && $0 > 0 } && high > low
                    ? nil : "the rotary scaling needs a factor, a length and low < high, all above 0"
            }
        case .bucketed(let buckets):
            return (2...largest).contains(buckets.count) && (1...largest).contains(buckets.maximumDistance)
                && buckets.maximumDistance > buckets.count / (buckets.isBidirectional ? 4 : 2)
                ? nil : "the buckets of distances are out of bounds"
        case .clamped(let length):
            return (1...largest).contains(length) ? nil : "the number of distances is out of bounds"
        case .disentangled(let disentangled):
            guard (1...largest).contains(disentangled.span), (0...largest).contains(disentangled.maximumDistance),
                (2...largest).contains(disentangled.buckets ?? 2), (disentangled.epsilon ?? 0).isFinite,
                disentangled.buckets.map({ disentangled.maximumDistance > $0 / 2 + 1 }) ?? true
            else { return "the disentangled positions are out of bounds" }
            return nil
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

extension Attention.Rotary.Scaling: Codable {
    private enum Key: String, CodingKey { case kind, factor, low, high, length }
    private enum Kind: String, Codable { case linear, banded }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let factor = try container.decode(Float.self, forKey: .factor)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .linear: self = .linear(factor: factor)
        case .banded:
            self = .banded(
                factor: factor, low: try container.decode(Float.self, forKey: .low),
                high: try container.decode(Float.self, forKey: .high),
                length: try container.decode(Float.self, forKey: .length))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .linear(let factor):
            try container.encode(Kind.linear, forKey: .kind)
            try container.encode(factor, forKey: .factor)
        case .banded(let factor, let low, let high, let length):
            try container.encode(Kind.banded, forKey: .kind)
            try container.encode(factor, forKey: .factor)
            try container.encode(low, forKey: .low)
            try container.encode(high, forKey: .high)
            try container.encode(length, forKey: .length)
        }
    }
}
