import ModelGraph
import Runtime

/// Where one head looks, averaged over query rows of the calibration data.
public struct HeadProfile: Sendable, Hashable, Codable {
    /// Name of the attention node.
    public let node: String
    /// Index among the node's heads.
    public let head: Int
    /// Entropy of a row as a share of the largest possible (log of the visible keys), 0…1.
    public let entropy: Double
    /// Mass on the first visible key.
    public let first: Double
    /// Mass on the key before the query.
    public let previous: Double
    /// Mass on the key after the query.
    public let next: Double
    /// Mass on the query's own position.
    public let own: Double
    /// Mass on separator tokens; `nil` when nobody said which tokens separate.
    public let separator: Double?

    package init(
        id: HeadID, entropy: Double, first: Double, previous: Double, next: Double, own: Double, separator: Double?
    ) {
        node = id.node
        head = id.head
        self.entropy = entropy
        self.first = first
        self.previous = previous
        self.next = next
        self.own = own
        self.separator = separator
    }

    public var id: HeadID { HeadID(node: node, head: head) }
}

/// Sums behind a `HeadProfile`.
package struct ProfileSums: Sendable {
    package init() {}

    var rows = 0.0
    var entropy = 0.0, first = 0.0, previous = 0.0, next = 0.0, own = 0.0, separator = 0.0

    package mutating func add(_ map: MatrixView, rows queries: [Int], isCausal: Bool, separators: [Int]) {
        for query in queries {
            let row = map.row(query)
            let visible = isCausal ? query + 1 : map.columns
            var bits = 0.0
            for key in 0..<visible where row[key] > 0 { bits -= Double(row[key]) * logarithm(Double(row[key])) }
            rows += 1
            entropy += visible > 1 ? bits / logarithm(Double(visible)) : 0
            first += Double(row[0])
            if query > 0 { previous += Double(row[query - 1]) }
            if query + 1 < map.columns { next += Double(row[query + 1]) }
            own += Double(row[query])
            for key in separators { separator += Double(row[key]) }
        }
    }

    package mutating func add(_ other: ProfileSums) {
        rows += other.rows
        entropy += other.entropy
        first += other.first
        previous += other.previous
        next += other.next
        own += other.own
        separator += other.separator
    }

    package func profile(of id: HeadID, knowsSeparators: Bool) -> HeadProfile {
        let n = max(rows, 1)
        return HeadProfile(
            id: id, entropy: (entropy / n).rounded(6), first: (first / n).rounded(6),
            previous: (previous / n).rounded(6), next: (next / n).rounded(6), own: (own / n).rounded(6),
            separator: knowsSeparators ? (separator / n).rounded(6) : nil)
    }
}
