/// Finds in each sequence the tokens that are most alike, so that each of them can be merged with another.
///
/// Tokens are compared by the sums over heads of the keys that an attention node computed, by their cosine. Those that
/// are not kept are dealt out in turn to two sides, the first to the first side. Each token of the first side is
/// matched with the token of the other that is most like it, the earliest of several; the matches that are most alike
/// are taken, the earliest of several. How many depends on the number of the sequence's rows alone.
///
/// Input: the attention node. Value: a column that holds for each row the number of the row that it becomes. Rows keep
/// their order: a matched row goes where the other side's row goes.
///
/// Source: Bolya et al., *Token Merging: Your ViT But Faster* (2023).
package struct TokenMatching: Sendable, Hashable {
    /// How many tokens are merged into others.
    package enum Amount: Sendable, Hashable {
        /// A share of a sequence's rows, rounded down; above 0, at most a half.
        case share(Double)
        /// As many in every sequence.
        case count(Int)
    }

    /// How many tokens are merged into others, as far as there are so many on the first side.
    package var amount: Amount
    /// Rows at the beginning that nothing is merged with: a class token.
    package var firstKept: Int
    /// The same at the end.
    package var lastKept: Int

    package init(_ amount: Amount, firstKept: Int = 0, lastKept: Int = 0) {
        self.amount = amount
        self.firstKept = firstKept
        self.lastKept = lastKept
    }

    /// Tokens that are merged into others in a sequence of `rows` rows.
    package func mergedCount(of rows: Int) -> Int {
        let candidates = rows - firstKept - lastKept
        guard candidates >= 2 else { return 0 }
        let wanted =
            switch amount {
            case .share(let share): Int((share * Double(rows)).rounded(.down))
            case .count(let count): count
            }
        return min(max(wanted, 0), (candidates + 1) / 2)
    }

    /// Rows that are left of `rows` rows.
    package func rowCount(after rows: Int) -> Int { rows - mergedCount(of: rows) }

    /// What is wrong with the numbers; `nil` when they make sense.
    var problem: String? { amount.problem ?? (isSound ? nil : "numbers of rows that are kept are out of bounds") }

    private var isSound: Bool {
        (0...GraphLimit.extent).contains(firstKept) && (0...GraphLimit.extent).contains(lastKept)
    }
}

extension TokenMatching.Amount {
    /// What is wrong with the number; `nil` when it makes sense.
    package var problem: String? {
        switch self {
        case .share(let share):
            share > 0 && share <= 0.5
                ? nil : "the share of tokens that are merged is \(share), must be above 0 and at most a half"
        case .count(let count):
            (1...GraphLimit.extent).contains(count) ? nil : "the number of tokens that are merged is \(count)"
        }
    }

    fileprivate enum Key: String, CodingKey { case share, count }

    /// Reads one of two keys beside others: `share` or `count`.
    package init(besideOthers decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let share = try container.decodeIfPresent(Double.self, forKey: .share)
        let count = try container.decodeIfPresent(Int.self, forKey: .count)
        switch (share, count) {
        case (let share?, nil): self = .share(share)
        case (nil, let count?): self = .count(count)
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "needs either a share or a count of tokens"))
        }
    }

    /// Writes the key beside others.
    package func encode(besideOthers encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .share(let share): try container.encode(share, forKey: .share)
        case .count(let count): try container.encode(count, forKey: .count)
        }
    }
}

extension TokenMatching: Codable {
    private enum Key: String, CodingKey { case firstKept, lastKept }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            try Amount(besideOthers: decoder), firstKept: try container.decode(Int.self, forKey: .firstKept),
            lastKept: try container.decode(Int.self, forKey: .lastKept))
    }

    package func encode(to encoder: any Encoder) throws {
        try amount.encode(besideOthers: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(firstKept, forKey: .firstKept)
        try container.encode(lastKept, forKey: .lastKept)
    }
}

/// What becomes of rows that a matching merges. A size is the number of tokens that a row stands for; without sizes
/// each stands for one.
package enum TokenMerge: String, Sendable, Hashable, Codable {
    /// Their mean, weighted by their sizes. Inputs: the rows, the matching, and the sizes where rows have some.
    case mean
    /// The sums of their sizes, one column. Inputs: the matching, and the sizes where rows have some.
    case sizes
}
