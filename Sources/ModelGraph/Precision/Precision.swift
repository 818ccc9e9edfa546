/// How one matrix is stored and multiplied, where that is not in 32 bits (docs/precision.md).
package struct Precision: Sendable, Hashable {
    /// What the numbers are, and what the inputs of a product become.
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Weights in bfloat16, inputs of products rounded to it.
        case bfloat16
        /// Weights of 8 bits with a scale a column; each input row quantised to 8 bits on its way in. Of a table that
        /// is looked up: 8 bits with a scale a row.
        case int8
        /// Weights of 8 bits, inputs in float32.
        case int8Weights = "int8_weights"
        /// Weights of 4 bits, inputs in float32.
        case int4Weights = "int4_weights"

        /// Whether the stored numbers are whole ones that need a scale.
        package var isQuantized: Bool { self != .bfloat16 }
        /// Whether two values of a column share a byte.
        package var isPacked: Bool { self == .int4Weights }
    }

    /// Groups that are known: input rows that share a scale.
    package static let groups = [32, 64]
    /// Most inputs of a product whose rows are quantised: sums of 255 · 128 · inputs must fit in 32 bits.
    package static let widestInput = 65_536

    /// What the numbers are.
    package var kind: Kind
    /// Rows of the matrix that share a scale of each column; `nil`: all of them. Of the kinds that quantise weights
    /// alone.
    package var group: Int?
    /// Whether inputs are multiplied by factors, one a column of the input, before their rows are quantised. Only of
    /// `int8`.
    package var isSmoothed: Bool

    package init(_ kind: Kind, group: Int? = nil, isSmoothed: Bool = false) {
        self.kind = kind
        self.group = group
        self.isSmoothed = isSmoothed
    }

    /// What is wrong with the fields together; `nil` when they make sense.
    var problem: String? {
        switch kind {
        case .bfloat16 where group != nil || isSmoothed: return "is in bfloat16, which has neither groups nor factors"
        case .int8 where group != nil: return "quantises input rows, and has one scale a column: no groups"
        case .int8Weights where isSmoothed, .int4Weights where isSmoothed:
            return "quantises weights alone: there is no input to smooth"
        case .int4Weights where group == nil: return "has 4 bits and no groups"
        default: break
        }
        guard let group, !Self.groups.contains(group) else { return nil }
        return "has groups of \(group) rows, known are \(Self.groups.map(String.init).joined(separator: " and "))"
    }
}

extension Precision: Codable {
    private enum Key: String, CodingKey { case kind, group, isSmoothed }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            try container.decode(Kind.self, forKey: .kind),
            group: try container.decodeIfPresent(Int.self, forKey: .group),
            isSmoothed: try container.decodeIfPresent(Bool.self, forKey: .isSmoothed) ?? false)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind, forKey: .kind)
        try container.encodeIfPresent(group, forKey: .group)
        if isSmoothed { try container.encode(isSmoothed, forKey: .isSmoothed) }
    }
}
