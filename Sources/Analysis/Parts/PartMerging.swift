import Files
import ModelGraph
import Platform
import Rewriting

/// Puts the parts of one analysis together.
package struct PartMerging {
    /// A part and the name of its file.
    package struct Named: Sendable {
        package let name: String
        package let part: AnalysisPart

        package init(name: String, part: AnalysisPart) {
            self.name = name
            self.part = part
        }
    }

    private let parts: [Named]
    private let origin: AnalysisPart.Origin

    /// - Throws: `FileError` of kind `usage`, with the file's name, for parts of different analyses, a part that is
    ///   given twice, and parts that are missing; of kind `corrupt` for one that contradicts itself.
    package init(_ parts: [Named]) throws(FileError) {
        guard let first = parts.first else { throw FileError(.usage, path: "merge", "there are no parts to merge") }
        self.parts = parts
        origin = first.part.origin
        for other in parts {
            if let difference = other.part.origin.difference(from: origin) {
                throw FileError(.usage, path: other.name, "\(difference) \(first.name): they are of different analyses")
            }
            let count = first.part.shard.count
            guard other.part.shard.count == count else {
                throw FileError(
                    .usage, path: other.name,
                    "is shard \(other.part.shard), \(first.name) is one of \(count): give the parts of one cut")
            }
            guard other.part.stage == first.part.stage else {
                throw FileError(
                    .usage, path: other.name,
                    "is \(other.part.stage.name), \(first.name) is \(first.part.stage.name): merge each kind by itself")
            }
            try other.check()
        }
        try checkShards(of: first)
    }

    private func checkShards(of first: Named) throws(FileError) {
        var names: [Int: String] = [:]
        for other in parts {
            if let before = names.updateValue(other.name, forKey: other.part.shard.index) {
                throw FileError(
                    .usage, path: other.name, "is shard \(other.part.shard), and so is \(before): give each part once")
            }
        }
        let count = first.part.shard.count
        let missing = (1...count).filter { names[$0] == nil }
        guard missing.isEmpty else {
            let shown = missing.prefix(12).map { "\($0)/\(count)" }.joined(separator: ", ")
            let more = missing.count > 12 ? " and \(missing.count - 12) more" : ""
            let what = missing.count == 1 ? "is shard" : "are shards"
            throw FileError(
                .usage, path: first.name,
                "the parts are not complete: missing \(what) \(shown)\(more); make them with `analyze --shard`")
        }
    }

    /// What the parts are parts of.
    package var stage: AnalysisPart.Stage { parts[0].part.stage }

    /// The analysis.
    ///
    /// - Throws: `FileError` of kind `corrupt` where parts do not hold what they say.
    package func document() throws(FileError) -> AnalysisDocument {
        var whole = AnalysisPart(.whole, of: origin)
        var owners: [AnalysisUnit: String] = [:]
        for named in parts {
            for unit in named.part.units {
                if let before = owners.updateValue(named.name, forKey: unit) {
                    throw FileError.damaged(named.name, "units", "\(unit.node) was measured by \(before) as well")
                }
            }
            whole.add(named.part)
        }
        if let lacking = origin.units.first(where: { owners[$0] == nil }) {
            throw FileError.damaged(parts[0].name, "units", "no part holds \(lacking.kind.rawValue) of \(lacking.node)")
        }
        let found = try maps()
        let document = AnalysisDocument(whole, found.findings, found.pairs)
        do { try document.validate() } catch { throw FileError.damaged(parts[0].name, "", error.description) }
        return document
    }

    /// What the sums of all nodes say.
    private func maps() throws(FileError) -> (findings: MapFindings, pairs: MapPairs) {
        let (sums, pairs) = try parts.mapSums(of: origin)
        let scope = MapScope(pairs, nodes: Set(pairs.nodes))
        let findings = MapFindings(
            sums ?? MapSums(even: .init(scope), odd: .init(scope)), scope, pairs,
            knowsSeparators: !origin.separators.isEmpty)
        return (findings, pairs)
    }

    /// The sums of all maps over all texts as one part, of parts that hold those over some texts.
    package func mapsPart() throws(FileError) -> AnalysisPart {
        let (sums, pairs) = try parts.mapSums(of: origin)
        var part = AnalysisPart(.whole, of: origin)
        part.stage = .maps
        part.maps =
            sums.map {
                [
                    .init(
                        nodes: pairs.nodes,
                        level: TextTree<MapSums>.rootLevel(of: MapComparison.leafCount(of: origin.texts)), index: 0,
                        sums: PackedDoubles($0.numbers))
                ]
            } ?? []
        return part
    }
}

extension [PartMerging.Named] {
    /// Sums of the maps of all nodes over all texts.
    ///
    /// - Throws: `FileError` of kind `corrupt` where they are not those of each node and each text once.
    func mapSums(of origin: AnalysisPart.Origin) throws(FileError) -> (sums: MapSums?, pairs: MapPairs) {
        // Pairs are the square of the heads: a small file must not ask for memory that it does not fill.
        let numbers = reduce(0) { $0 + $1.part.maps.reduce(0) { $0 + $1.sums.values.count } }
        guard origin.graph.mapPairCount <= numbers else {
            throw FileError.damaged(self[0].name, "maps", "sums of most maps are missing")
        }
        let pairs = MapPairs(origin.graph)
        let count = MapComparison.leafCount(of: origin.texts)
        var branches: [String: [TextTree<MapSums>.Branch]] = [:]
        for named in self {
            for entry in named.part.maps {
                let scope = MapScope(pairs, nodes: Set(entry.nodes))
                guard let branch = entry.branch(scope, leaves: count) else {
                    throw FileError.damaged(named.name, "maps", "sums of \(entry.nodes.first ?? "no node") are damaged")
                }
                for node in Set(entry.nodes) {
                    let own = MapScope(pairs, nodes: [node])
                    branches[node, default: []].append(
                        .init(
                            level: branch.level, index: branch.index,
                            sum: entry.nodes.count == 1 ? branch.sum : branch.sum.restricted(to: own, from: scope)))
                }
            }
        }
        var sums: MapSums?
        for node in pairs.nodes {
            guard let total = TextTree(count: count, joining: branches[node] ?? [])?.total else {
                throw FileError.damaged(self[0].name, "maps", "the sums of \(node) are not those of each text once")
            }
            sums = sums.map { $0.joined(with: total) } ?? total
        }
        return (sums, pairs)
    }
}

extension CheckedGraph {
    /// Pairs of maps that can be compared.
    fileprivate var mapPairCount: Int {
        var counts: [MapKind: Int] = [:]
        for node in graph.attentionNodes {
            counts[MapKind(node, shapes), default: 0] += node.attention?.computedHeads.count ?? 0
        }
        return counts.values.reduce(0) { $0 + $1 * ($1 - 1) / 2 }
    }
}

extension PartMerging.Named {
    /// The sums of all maps over all texts that an analysis goes on from.
    ///
    /// - Throws: `FileError` of kind `usage` where they are not of this analysis, or not all.
    func checkedMaps(of origin: AnalysisPart.Origin) throws(FileError) -> MapSums? {
        if let difference = part.origin.difference(from: origin) {
            throw FileError(.usage, path: name, "\(difference) what is asked for now; compare the maps anew")
        }
        guard part.stage == .maps, part.shard == .whole else {
            throw FileError(
                .usage, path: name,
                "is \(part.stage.name), shard \(part.shard); give what `merge` makes of all shards of `--stage maps`")
        }
        try check()
        return try [self].mapSums(of: origin).sums
    }

    /// Refuses a part whose contents are not those of the pieces that it says it holds.
    fileprivate func check() throws(FileError) {
        func damaged(_ field: String, _ reason: String) -> FileError { .damaged(name, field, reason) }
        let known = Set(part.origin.units), own = Set(part.units)
        guard known.count == part.origin.units.count, own.count == part.units.count, own.isSubset(of: known) else {
            throw damaged("units", "are not pieces of this analysis, each once")
        }
        func nodes(_ kind: AnalysisUnit.Kind) -> Set<String> {
            Set(part.units.filter { $0.kind == kind }.map(\.node))
        }
        let maps = nodes(.maps)
        guard part.curves.count == maps.count, Set(part.curves.map(\.node)) == maps else {
            throw damaged("curves", "are not those of the maps that were measured")
        }
        guard Set(part.candidates.map(\.id)).count == part.candidates.count,
            part.candidates.allSatisfy({ maps.contains($0.id.node) })
        else { throw damaged("candidates", "are not those of the maps that were measured") }
        let neurons = part.neurons.map(\.node)
        guard Set(neurons).count == neurons.count, nodes(.neurons).isSuperset(of: neurons) else {
            throw damaged("neurons", "are not those of the parts that were measured")
        }
        guard part.linear.count == nodes(.linear).count, Set(part.linear.map(\.node)) == nodes(.linear) else {
            throw damaged("linear", "are not those of the nodes that were measured")
        }
        // Places that say nothing have no curve.
        for (kind, found) in [(.ranks, part.ranks.map(\.node)), (.hard, part.hard.map(\.node))]
            as [(AnalysisUnit.Kind, [String])]
        where Set(found).count != found.count || !nodes(kind).isSuperset(of: found) {
            throw damaged(kind.rawValue, "are not those of the nodes that were measured")
        }
        guard part.tokens.count == nodes(.tokens).count else {
            throw damaged("tokens", "are not what was measured")
        }
        let attention = Set(part.origin.graph.attentionNodes.map(\.name))
        for entry in part.maps where !attention.isSuperset(of: entry.nodes) || entry.nodes.isEmpty {
            throw damaged("maps", "are not those of the model's attention nodes")
        }
        guard (1...AnalysisPart.Origin.mostTexts).contains(part.origin.texts) else {
            throw damaged("origin.texts", "\(part.origin.texts) texts are none that an analysis is made on")
        }
    }
}

extension AnalysisPart.Origin {
    /// More texts than fit anywhere.
    static let mostTexts = 1 << 40

    /// What tells two analyses apart, to be followed by the name of the other; `nil` where they are one.
    package func difference(from other: AnalysisPart.Origin) -> String? {
        func short(_ digest: String) -> String { String(digest.prefix(12)) }
        if model != other.model {
            return "is of another model (weights \(short(model))…, not \(short(other.model))…) than"
        }
        if graph != other.graph { return "is of the same weights read as another model than" }
        if calibration.digest != other.calibration.digest {
            return "is of other texts (\(short(calibration.digest))…, not \(short(other.calibration.digest))…) than"
        }
        if calibration.pooling != other.calibration.pooling { return "was made with another --pool than" }
        if moves != other.moves { return "measured other moves than" }
        if texts != other.texts || calibration != other.calibration {
            return "divided the texts otherwise (--judge) than"
        }
        if separators != other.separators { return "was made with another tokenizer than" }
        if tool != other.tool { return "was made by version \(tool), not by \(other.tool) as" }
        if units != other.units { return "has other pieces than" }
        return nil
    }
}

extension AnalysisDocument {
    /// The document of a part that holds all pieces.
    init(_ part: AnalysisPart, _ maps: MapFindings, _ pairs: MapPairs) {
        let graph = part.origin.graph
        var triangle = pairs.heads.indices.map { [Double](repeating: 0, count: $0) }
        for (index, pair) in pairs.pairs.enumerated() {
            triangle[pair.later][pair.earlier] = maps.similarity[index].rounded(5)
        }
        func inOrder<Entry>(_ kind: AnalysisUnit.Kind, _ entries: [Entry], by node: (Entry) -> String) -> [Entry] {
            let places = Dictionary(
                part.origin.units.filter { $0.kind == kind }.enumerated().map { ($0.element.node, $0.offset) },
                uniquingKeysWith: { first, _ in first })
            // Entries of one node come from one part, in order.
            return entries.enumerated().sorted {
                (places[node($0.element)] ?? 0, $0.offset) < (places[node($1.element)] ?? 0, $1.offset)
            }.map(\.element)
        }
        let moves = Moves(rawValue: part.origin.moves)
        self.init(
            version: AnalysisDocument.currentVersion, model: part.origin.model, use: graph.use, graph: graph,
            calibration: part.origin.calibration, heads: maps.profiles, similarity: triangle,
            stability: maps.stability?.rounded(6),
            candidates: inOrder(.maps, part.candidates) { $0.id.node },
            curves: inOrder(.maps, part.curves, by: \.node),
            neurons: moves.contains(.neurons) ? inOrder(.neurons, part.neurons, by: \.node) : nil,
            linear: moves.contains(.linear) ? inOrder(.linear, part.linear, by: \.node) : nil,
            ranks: moves.contains(.ranks) ? inOrder(.ranks, part.ranks, by: \.node) : nil,
            hard: moves.contains(.hard) ? inOrder(.hard, part.hard, by: \.node) : nil, tokens: part.tokens.first)
    }
}
