import Matrices
import ModelGraph
import Rewriting

/// What one head's context has in common with the contexts that other maps would give it.
///
/// All contexts use the head's own values. They are compared in the metric of the head's rows of the output projection
/// (‖c · W_O‖), about their means, per token: a mean that is off goes into the output bias.
package struct HeadCandidates: Sendable, Hashable {
    /// The head that is to be replaced.
    package let id: HeadID
    /// Maps that may stand in, best single one first.
    package let maps: [MapReference]
    /// Inner products of the contexts, the head's own first, then `maps`: symmetric, `maps.count + 1` rows.
    package let gram: Matrix

    package init(id: HeadID, maps: [MapReference], gram: Matrix) {
        precondition(gram.rows == maps.count + 1 && gram.columns == gram.rows)
        self.id = id
        self.maps = maps
        self.gram = gram
    }

    /// Energy of the head's own context: what is lost when the head is dropped and its mean is kept.
    package var energy: Double { gram[0, 0] }

    /// The candidates with the best single maps in front, at most `count` of them; patterns always stay.
    package func trimmed(to count: Int) -> HeadCandidates {
        func loss(_ map: Int) -> Double {
            let own = gram[0, map + 1], other = gram[map + 1, map + 1]
            return other > 0 ? -own * own / other : 0
        }
        let order = maps.indices.sorted { (loss($0), $0) < (loss($1), $1) }
        var heads = 0
        let kept = order.filter { map in
            guard case .head = maps[map] else { return true }
            heads += 1
            return heads <= count
        }
        let rows = [0] + kept.map { $0 + 1 }
        var part = Matrix(zeros: rows.count, rows.count)
        for (i, row) in rows.enumerated() { for (j, column) in rows.enumerated() { part[i, j] = gram[row, column] } }
        return HeadCandidates(id: id, maps: kept.map { maps[$0] }, gram: part)
    }
}

extension HeadCandidates: Codable {
    private enum Key: String, CodingKey { case node, head, maps, products }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let id = HeadID(
            node: try container.decode(String.self, forKey: .node), head: try container.decode(Int.self, forKey: .head))
        let terms = try container.decode([MapTerm].self, forKey: .maps)
        let products = try container.decode(PackedNumbers.self, forKey: .products).values
        let size = terms.count + 1
        guard terms.count < 4096, products.count == size * (size + 1) / 2, products.allSatisfy(\.isFinite) else {
            throw DecodingError.dataCorruptedError(
                forKey: .products, in: container,
                debugDescription:
                    "\(products.count) products for \(terms.count) maps, expected \(size * (size + 1) / 2) finite ones")
        }
        var gram = Matrix(zeros: size, size)
        var next = 0
        for row in 0..<size {
            for column in row..<size {
                gram[row, column] = Double(products[next])
                gram[column, row] = Double(products[next])
                next += 1
            }
        }
        self.init(id: id, maps: terms.map(\.map), gram: gram)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(id.node, forKey: .node)
        try container.encode(id.head, forKey: .head)
        try container.encode(maps.map { MapTerm(map: $0) }, forKey: .maps)
        let products = (0..<gram.rows).flatMap { row in (row..<gram.columns).map { Float(gram[row, $0]) } }
        try container.encode(PackedNumbers(products), forKey: .products)
    }
}
