import ModelGraph
import Statistics

/// The attention nodes whose maps are compared, each with all maps before it.
struct MapScope: Sendable {
    /// Indices into `MapPairs.pairs`, ascending.
    let pairs: [Int]
    /// Indices into `MapPairs.heads`, ascending.
    let heads: [Int]
    /// Nodes whose maps are looked at: those of the scope, and those before them.
    let observed: Set<String>

    /// - Parameter nodes: The nodes of the later head of each pair.
    init(_ all: MapPairs, nodes: Set<String>) {
        let pairs = all.pairs.indices.filter { nodes.contains(all.heads[all.pairs[$0].later].node) }
        let heads = all.heads.indices.filter { nodes.contains(all.heads[$0].node) }
        observed = Set(
            heads.map { all.heads[$0].node } + pairs.map { all.heads[all.pairs[$0].earlier].node })
        self.pairs = pairs
        self.heads = heads
    }
}

/// Sums of comparisons of the maps of a scope over some texts, in two halves: of texts with even numbers, and of the
/// others.
struct MapSums: TextSum {
    /// Sums over texts of one half.
    struct Half: Sendable {
        /// Similarity summed over rows, per pair of the scope.
        var similarity: [Double]
        /// Rows that counted, per pair.
        var rows: [Double]
        /// Per head of the scope.
        var profiles: [ProfileSums]

        init(_ scope: MapScope) {
            similarity = [Double](repeating: 0, count: scope.pairs.count)
            rows = similarity
            profiles = [ProfileSums](repeating: ProfileSums(), count: scope.heads.count)
        }

        mutating func add(_ other: Half) {
            for index in similarity.indices {
                similarity[index] += other.similarity[index]
                rows[index] += other.rows[index]
            }
            for index in profiles.indices { profiles[index].add(other.profiles[index]) }
        }

        /// Mean similarity per pair.
        var means: [Double] { zip(similarity, rows).map { $1 > 0 ? $0 / $1 : 0 } }
    }

    var even: Half
    var odd: Half

    init(even: Half, odd: Half) {
        self.even = even
        self.odd = odd
    }

    mutating func add(_ other: MapSums) {
        even.add(other.even)
        odd.add(other.odd)
    }

    /// Sums over all texts.
    var whole: Half {
        var result = even
        result.add(odd)
        return result
    }
}

extension MapSums {
    /// Numbers that sums of a scope are written as.
    static func numberCount(_ scope: MapScope) -> Int {
        2 * (2 * scope.pairs.count + ProfileSums.numberCount * scope.heads.count)
    }

    /// All sums, one after the other.
    var numbers: [Double] {
        [even, odd].flatMap { $0.similarity + $0.rows + $0.profiles.flatMap(\.numbers) }
    }

    /// Sums from their numbers; `nil` where they are not as many as the scope has, or not finite.
    init?(_ numbers: [Double], _ scope: MapScope) {
        guard numbers.count == Self.numberCount(scope), numbers.allSatisfy(\.isFinite) else { return nil }
        var rest = numbers[...]
        func take(_ count: Int) -> [Double] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func half() -> Half {
            var half = Half(scope)
            half.similarity = take(scope.pairs.count)
            half.rows = take(scope.pairs.count)
            half.profiles = scope.heads.map { _ in ProfileSums(numbers: take(ProfileSums.numberCount)) }
            return half
        }
        even = half()
        odd = half()
    }
}

/// What the sums over all texts say about the maps of a scope.
struct MapFindings: Sendable {
    /// Mean similarity of each of `MapPairs.pairs`; 0 for pairs of other nodes.
    let similarity: [Double]
    /// Correlation between the similarities of two halves of the texts.
    let stability: Double?
    /// Of the heads of the scope.
    let profiles: [HeadProfile]

    init(_ sums: MapSums, _ scope: MapScope, _ pairs: MapPairs, knowsSeparators: Bool) {
        let whole = sums.whole
        var similarity = [Double](repeating: 0, count: pairs.pairs.count)
        for (index, mean) in zip(scope.pairs, whole.means) { similarity[index] = mean }
        self.similarity = similarity
        stability = correlation(sums.even.means, sums.odd.means)
        profiles = zip(scope.heads, whole.profiles).map {
            $1.profile(of: pairs.heads[$0], knowsSeparators: knowsSeparators)
        }
    }
}
