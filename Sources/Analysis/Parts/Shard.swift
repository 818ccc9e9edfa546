/// A shard of an analysis: number `index` of `count`, counted from 1.
package struct Shard: Sendable, Hashable, Codable, CustomStringConvertible {
    package let index: Int
    package let count: Int

    /// More shards than any analysis has pieces.
    package static let most = 100_000

    /// The whole of it.
    package static let whole = Shard(checked: 1, of: 1)

    private init(checked index: Int, of count: Int) {
        self.index = index
        self.count = count
    }

    /// - Parameter index: 0 … `count`; 0 and `count` are the same shard, for engines that count from 0 and for those
    ///   that count from 1.
    package init?(_ index: Int, of count: Int) {
        guard (1...Self.most).contains(count), (0...count).contains(index) else { return nil }
        self.init(checked: index == 0 ? count : index, of: count)
    }

    private enum Key: String, CodingKey { case index, count }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let index = try container.decode(Int.self, forKey: .index), count = try container.decode(Int.self, forKey: .count)
        guard index > 0, let shard = Shard(index, of: count) else {
            throw DecodingError.dataCorruptedError(
                forKey: .index, in: container, debugDescription: "there is no shard \(index) of \(count)")
        }
        self = shard
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(index, forKey: .index)
        try container.encode(count, forKey: .count)
    }

    package var description: String { "\(index)/\(count)" }
}
