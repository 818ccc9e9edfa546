import Platform

extension Attention {
    /// Rotary positions: columns `a`, `b` of a head become `a · cos − b · sin`, `b · cos + a · sin`.
    package struct Rotary: Sendable, Hashable, Codable {
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
    }
}

extension Attention.Rotary {
    /// How long wavelengths are stretched for sequences longer than those of the training.
    package enum Scaling: Sendable, Hashable {
        /// Positions are divided by the factor.
        case linear(factor: Float)
        /// Wavelengths above `length / low` are stretched by the factor, those below `length / high` are kept, and
        /// between them the factor fades (Llama 3).
        case banded(factor: Float, low: Float, high: Float, length: Float)
        /// Pairs that turn often within a length are kept, those that turn seldom are stretched (YaRN).
        case yarn(YaRN)
        /// Beyond the length the base grows with the sequence (dynamic NTK).
        case dynamic(factor: Float, length: Int)
        /// A factor for each pair, others for sequences beyond a length (LongRoPE).
        case long(LongRoPE)
    }

    /// YaRN: `slow` and `fast` are turns within `length`; pairs between them are stretched in part.
    package struct YaRN: Sendable, Hashable, Codable {
        /// How much slow pairs are stretched.
        package var factor: Float
        /// Pairs with fewer turns are stretched altogether.
        package var slow: Float
        /// Pairs with more turns are kept.
        package var fast: Float
        /// Length of the training's sequences.
        package var length: Float
        /// Whether the bounds are moved to whole numbers of pairs.
        package var isTruncated: Bool
        /// Factor of what turns, queries and keys alike.
        package var magnitude: Float

        package init(
            factor: Float, slow: Float, fast: Float, length: Float, isTruncated: Bool, magnitude: Float
        ) {
            self.factor = factor
            self.slow = slow
            self.fast = fast
            self.length = length
            self.isTruncated = isTruncated
            self.magnitude = magnitude
        }
    }

    /// LongRoPE: factors of the wavelengths, one a pair.
    package struct LongRoPE: Sendable, Hashable, Codable {
        /// For sequences up to the length.
        package var short: [Float]
        /// For longer ones.
        package var long: [Float]
        /// Length of the training's sequences.
        package var length: Int
        /// Factor of what turns, queries and keys alike.
        package var magnitude: Float

        package init(short: [Float], long: [Float], length: Int, magnitude: Float) {
            self.short = short
            self.long = long
            self.length = length
            self.magnitude = magnitude
        }
    }

    /// Angle a position, for each of the `size / 2` pairs of a short sequence.
    package var frequencies: [Float] { frequencies(tokens: 0) }

    /// Angle a position, for each of the `size / 2` pairs.
    ///
    /// - Parameter tokens: Length of the sequence, which some scalings look at.
    package func frequencies(tokens: Int) -> [Float] {
        let count = size / 2
        func frequency(_ pair: Int, base: Float) -> Float { 1 / powf(base, Float(2 * pair) / Float(size)) }
        switch scaling {
        case nil: return (0..<count).map { frequency($0, base: base) }
        case .linear(let factor): return (0..<count).map { frequency($0, base: base) / factor }
        case .banded(let factor, let low, let high, let length):
            return (0..<count).map { pair in
                let frequency = frequency(pair, base: base)
                let wavelength = 2 * Float.pi / frequency
                if wavelength < length / high { return frequency }
                if wavelength > length / low { return frequency / factor }
                let share = (length / wavelength - low) / (high - low)
                return (1 - share) * frequency / factor + share * frequency
            }
        case .yarn(let yarn):
            let (first, last) = bounds(yarn)
            return (0..<count).map { pair in
                let kept = 1 - min(max((Float(pair) - first) / (last - first), 0), 1)
                let power = powf(base, Float(2 * pair) / Float(size))
                return 1 / (yarn.factor * power) * (1 - kept) + 1 / power * kept
            }
        case .dynamic(let factor, let length):
            // With two columns nothing but the first pair turns, whose angle no base changes.
            guard tokens > length, size > 2 else { return (0..<count).map { frequency($0, base: base) } }
            let growth = Double(factor) * Double(tokens) / Double(length) - (Double(factor) - 1)
            let grown = Float(Double(base) * pow(growth, Double(size) / Double(size - 2)))
            return (0..<count).map { frequency($0, base: grown) }
        case .long(let long):
            let factors = tokens > long.length ? long.long : long.short
            return (0..<count).map { 1 / (factors[$0] * powf(base, Float(2 * $0) / Float(size))) }
        }
    }

    /// Factor of the columns that turn.
    package var magnitude: Float {
        switch scaling {
        case .yarn(let yarn): yarn.magnitude
        case .long(let long): long.magnitude
        case nil, .linear, .banded, .dynamic: 1
        }
    }

    /// The longest sequence whose angles are those of a short one; `nil` where length changes nothing.
    package var unchangedLength: Int? {
        switch scaling {
        case .dynamic(_, let length): length
        case .long(let long): long.short == long.long ? nil : long.length
        case nil, .linear, .banded, .yarn: nil
        }
    }

    /// Pairs between which YaRN's stretching grows.
    private func bounds(_ yarn: YaRN) -> (first: Float, last: Float) {
        func pair(turning turns: Float) -> Double {
            Double(size) * log(Double(yarn.length) / (Double(turns) * 2 * Double.pi)) / (2 * log(Double(base)))
        }
        var first = pair(turning: yarn.fast), last = pair(turning: yarn.slow)
        if yarn.isTruncated {
            first = first.rounded(.down)
            last = last.rounded(.up)
        }
        first = max(first, 0)
        last = min(last, Double(size - 1))
        return (Float(first), Float(first == last ? last + 0.001 : last))
    }

    /// What is wrong with the numbers; `nil` when they make sense.
    func problem(headSize: Int) -> String? {
        guard (2...headSize).contains(size), size.isMultiple(of: 2) else {
            return "\(size) columns of a head of \(headSize) cannot turn in pairs"
        }
        guard base.isFinite, base > 1 else { return "the rotary base must be a number above 1" }
        func arePositive(_ numbers: [Float]) -> Bool { numbers.allSatisfy { $0.isFinite && $0 > 0 } }
        switch scaling {
        case nil: return nil
        case .linear(let factor): return arePositive([factor]) ? nil : "the rotary factor must be above 0"
        case .banded(let factor, let low, let high, let length):
            return arePositive([factor, low, high, length]) && high > low
                ? nil : "the rotary scaling needs a factor, a length and low < high, all above 0"
        case .yarn(let yarn):
            return arePositive([yarn.factor, yarn.slow, yarn.fast, yarn.length, yarn.magnitude])
                ? nil : "YaRN needs a factor, slow and fast turns, a length and a magnitude above 0"
        case .dynamic(let factor, let length):
            return factor.isFinite && factor >= 1 && (1...GraphLimit.extent).contains(length)
                ? nil : "the growing rotary base needs a factor from 1 on and a length"
        case .long(let long):
            guard long.short.count == size / 2, long.long.count == size / 2 else {
                let found = "\(long.short.count) short and \(long.long.count) long factors"
                return "LongRoPE has \(found) for \(size / 2) pairs"
            }
            let isSound =
                arePositive(long.short + long.long + [long.magnitude])
                && (1...GraphLimit.extent).contains(long.length)
            return isSound ? nil : "LongRoPE needs factors, a length and a magnitude above 0"
        }
    }
}

extension Attention.Rotary.Scaling: Codable {
    private enum Key: String, CodingKey { case kind, factor, low, high, length }
    private enum Kind: String, Codable { case linear, banded, yarn, dynamic, long }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func number(_ key: Key) throws -> Float { try container.decode(Float.self, forKey: key) }
        switch try container.decode(Kind.self, forKey: .kind) {
        case .linear: self = .linear(factor: try number(.factor))
        case .banded:
            self = .banded(
                factor: try number(.factor), low: try number(.low), high: try number(.high),
                length: try number(.length))
        case .yarn: self = .yarn(try Attention.Rotary.YaRN(from: decoder))
        case .dynamic:
            self = .dynamic(factor: try number(.factor), length: try container.decode(Int.self, forKey: .length))
        case .long: self = .long(try Attention.Rotary.LongRoPE(from: decoder))
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
        case .yarn(let yarn):
            try container.encode(Kind.yarn, forKey: .kind)
            try yarn.encode(to: encoder)
        case .dynamic(let factor, let length):
            try container.encode(Kind.dynamic, forKey: .kind)
            try container.encode(factor, forKey: .factor)
            try container.encode(length, forKey: .length)
        case .long(let long):
            try container.encode(Kind.long, forKey: .kind)
            try long.encode(to: encoder)
        }
    }
}
