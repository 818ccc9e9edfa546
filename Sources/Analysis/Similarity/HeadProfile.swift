import ModelGraph
import Platform
import Runtime
import Statistics

/// Where one head looks, averaged over query rows of the calibration data.
package struct HeadProfile: Sendable, Hashable, Codable {
    /// Name of the attention node.
    package let node: String
    /// Index among the node's heads.
    package let head: Int
    /// Entropy of a row as a share of the largest possible (log of the visible keys), 0…1.
    package let entropy: Double
    /// Mass on the first visible key.
    package let first: Double
    /// Mass on the key before the query; 0 in cross-attention, where no key stands beside a query.
    package let previous: Double
    /// Mass on the key after the query; 0 in cross-attention.
    package let next: Double
    /// Mass on the query's own position; 0 in cross-attention.
    package let own: Double
    /// Mass on separator tokens; `nil` when it is not known which tokens separate.
    package let separator: Double?

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

    package var id: HeadID { HeadID(node: node, head: head) }
}

/// Sums behind a `HeadProfile`.
package struct ProfileSums: Sendable {
    package init() {}

    var rows = 0.0
    var entropy = 0.0, first = 0.0, previous = 0.0, next = 0.0, own = 0.0, separator = 0.0

    /// Adds some query rows of a map.
    ///
    /// - Parameters:
    ///   - keys: Keys that a query sees.
    ///   - isCross: Whether queries and keys lie along different axes.
    ///   - separators: Keys that separate.
    package mutating func add(
        _ map: MatrixView, rows queries: [Int], isCross: Bool, separators: [Int], keys: (Int) -> Range<Int>
    ) {
        for query in queries {
            let row = map.row(query), visible = keys(query)
            guard let start = visible.first else { continue }
            var bits = 0.0
            for key in visible where row[key] > 0 { bits -= Double(row[key]) * log(Double(row[key])) }
            rows += 1
            entropy += visible.count > 1 ? bits / log(Double(visible.count)) : 0
            first += Double(row[start])
            if !isCross {
                if query > 0 { previous += Double(row[query - 1]) }
                if query + 1 < map.columns { next += Double(row[query + 1]) }
                own += Double(row[query])
            }
            for key in separators where key < map.columns { separator += Double(row[key]) }
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

    /// Numbers that the sums are written as.
    static let numberCount = 7

    /// All sums, one after the other.
    var numbers: [Double] { [rows, entropy, first, previous, next, own, separator] }

    /// - Parameter numbers: `numberCount` of them.
    init(numbers: [Double]) {
        precondition(numbers.count == Self.numberCount)
        (rows, entropy, first) = (numbers[0], numbers[1], numbers[2])
        (previous, next, own, separator) = (numbers[3], numbers[4], numbers[5], numbers[6])
    }

    package func profile(of id: HeadID, knowsSeparators: Bool) -> HeadProfile {
        let n = max(rows, 1)
        return HeadProfile(
            id: id, entropy: (entropy / n).rounded(6), first: (first / n).rounded(6),
            previous: (previous / n).rounded(6), next: (next / n).rounded(6), own: (own / n).rounded(6),
            separator: knowsSeparators ? (separator / n).rounded(6) : nil)
    }
}
