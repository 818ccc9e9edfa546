import ModelGraph
import Rewriting

extension AnalysisPart {
    /// What a tree of sums holds, as a document has it.
    static func maps(of tree: TextTree<MapSums>, nodes: [String]) -> [Maps] {
        tree.branches.map {
            Maps(nodes: nodes, level: $0.level, index: $0.index, sums: PackedDoubles($0.sum.numbers))
        }
    }
}

extension AnalysisPart.Maps {
    /// The sums as a branch of the tree over all texts; `nil` where they are not what such a branch holds.
    ///
    /// - Parameter scope: That of `nodes`.
    func branch(_ scope: MapScope, leaves count: Int) -> TextTree<MapSums>.Branch? {
        guard (0...TextTree<MapSums>.rootLevel(of: count)).contains(level), index >= 0, index <= (count - 1) >> level,
            let sums = MapSums(sums.values, scope)
        else { return nil }
        return .init(level: level, index: index, sum: sums)
    }
}

extension MapSums {
    /// The sums of some of the nodes.
    ///
    /// - Parameters:
    ///   - part: The wanted scope: a part of `scope`.
    ///   - scope: What these sums are of.
    func restricted(to part: MapScope, from scope: MapScope) -> MapSums {
        let pairs = Dictionary(uniqueKeysWithValues: zip(scope.pairs, scope.pairs.indices))
        let heads = Dictionary(uniqueKeysWithValues: zip(scope.heads, scope.heads.indices))
        let pairPlaces = part.pairs.compactMap { pairs[$0] }, headPlaces = part.heads.compactMap { heads[$0] }
        func half(_ half: Half) -> Half {
            var result = Half(part)
            result.similarity = pairPlaces.map { half.similarity[$0] }
            result.rows = pairPlaces.map { half.rows[$0] }
            result.profiles = headPlaces.map { half.profiles[$0] }
            return result
        }
        return MapSums(even: half(even), odd: half(odd))
    }

    /// Sums of nodes that follow one another, side by side.
    func joined(with next: MapSums) -> MapSums {
        func half(_ first: Half, _ second: Half) -> Half {
            var result = first
            result.similarity += second.similarity
            result.rows += second.rows
            result.profiles += second.profiles
            return result
        }
        return MapSums(even: half(even, next.even), odd: half(odd, next.odd))
    }
}
