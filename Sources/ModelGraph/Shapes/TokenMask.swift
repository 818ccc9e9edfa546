/// A mask of rows told by their token ids: 1 where a row counts, 0 where not.
///
/// Input: the ids, a text's own or an input that the graph lays out. A classification head of a decoder reads the last
/// token that is not the padding id; BART's the last end token; a text tower's the first.
package struct TokenMask: Sendable, Hashable, Codable {
    /// The ids that it looks for.
    package var ids: [Int]
    /// Whether those ids are the ones that do not count; otherwise they alone count, and every sequence has to have
    /// one.
    package var isHiding: Bool

    package init(ids: [Int], isHiding: Bool = false) {
        self.ids = ids
        self.isHiding = isHiding
    }

    private enum CodingKeys: String, CodingKey { case ids, isHiding }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        ids = try container.decode([Int].self, forKey: .ids)
        isHiding = try container.decodeIfPresent(Bool.self, forKey: .isHiding) ?? false
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(ids, forKey: .ids)
        if isHiding { try container.encode(isHiding, forKey: .isHiding) }
    }

    /// Whether a row with this id counts.
    package func shows(_ id: Int32) -> Bool { ids.contains(Int(id)) != isHiding }

    /// What is wrong with its own numbers; `nil` when they make sense.
    var problem: String? {
        guard (1...64).contains(ids.count) else { return "looks for \(ids.count) ids" }
        guard ids.allSatisfy({ $0 >= 0 && $0 <= Int(Int32.max) }) else { return "an id is out of bounds" }
        return nil
    }
}
