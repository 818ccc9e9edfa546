import ModelGraph
import Platform
import Rewriting

/// Where pieces of an analysis are kept while it goes on, so that another run need not measure them again.
package struct KeptParts {
    /// What earlier runs have kept, all of the analysis that goes on.
    let parts: [AnalysisPart]
    /// Keeps what was found: under a name of its own, replacing what had the name.
    let keep: (_ name: String, AnalysisPart) throws(AnalysisError) -> Void

    package init(
        parts: [AnalysisPart], keep: @escaping (_ name: String, AnalysisPart) throws(AnalysisError) -> Void
    ) {
        self.parts = parts
        self.keep = keep
    }

    /// Nothing is kept.
    package static var none: KeptParts { KeptParts(parts: []) { _, _ in } }
}

/// Measures pieces of an analysis, one after the other.
struct PartMeasuring {
    let analyzer: Analyzer
    let model: Model
    let calibration: CalibrationSet
    let pairs: MapPairs
    /// The pieces that are wanted.
    let units: [AnalysisUnit]
    /// What was found so far.
    var part: AnalysisPart
    /// Sums of all maps over all texts, where they were computed before.
    let sums: MapSums?
    let kept: KeptParts

    /// Seconds after which sums of maps are kept anew.
    private static let keepingSeconds = 20.0
    /// The name that sums of maps are kept under: those of other shards are of other maps.
    private var mapsName: String { "sums-\(part.shard.index)-of-\(part.shard.count)" }

    private var options: Analyzer.Options { analyzer.options }

    mutating func run(_ progress: (Analyzer.Stage, Int, Int) -> Void) throws(AnalysisError) {
        let wanted = Set(units)
        for earlier in kept.parts where !earlier.units.isEmpty && wanted.isSuperset(of: earlier.units) {
            // A piece that two runs have kept is the same in both.
            guard Set(part.units).isDisjoint(with: earlier.units) else { continue }
            var pieces = earlier
            pieces.maps = []
            part.add(pieces)
        }
        progress(.similarity, 0, 1)
        let similarity = try compareMaps()
        guard part.units.count < units.count else { return }
        let changed = model.graph.attentionNodes.map(\.name) + model.graph.feedForwardParts.flatMap(\.firsts)
        let probe = try OutputProbe(
            source: model, sequences: calibration.choosing, pooling: options.pooling,
            rewriting: Set(changed), resources: options.resources)
        try measureAttention(similarity, probe, progress)
        try measureNeurons(probe, progress)
        if !nodes(.tokens).isEmpty {
            let curve = try TokenPass(model, probe: probe, resources: options.resources).curve
            try add(AnalysisUnit(.tokens, AnalysisUnit.everywhere)) { $0.tokens = [curve] }
        }
    }

    /// Nodes of the pieces of a kind that are wanted, or still to be measured.
    private func nodes(_ kind: AnalysisUnit.Kind, isMissing: Bool = true) -> [String] {
        let done = Set(part.units)
        return units.filter { $0.kind == kind && !(isMissing && done.contains($0)) }.map(\.node)
    }

    /// Keeps one piece, and adds it to what was found.
    private mutating func add(
        _ unit: AnalysisUnit, _ fill: (inout AnalysisPart) -> Void
    ) throws(AnalysisError) {
        var piece = AnalysisPart(part.shard, of: part.origin)
        piece.units = [unit]
        fill(&piece)
        let number = part.origin.units.firstIndex(of: unit) ?? 0
        try kept.keep("\(unit.kind.rawValue)-\(number)", piece)
        part.add(piece)
    }

    /// The similarities of the pairs that are wanted.
    private mutating func compareMaps() throws(AnalysisError) -> [Double] {
        let wanted = Set(pairs.nodes)
        let nodes = nodes(.maps, isMissing: false).filter(wanted.contains)
        guard !nodes.isEmpty else { return [] }
        let scope = MapScope(pairs, nodes: Set(nodes))
        var tree = TextTree<MapSums>(count: MapComparison.leafCount(of: calibration.fit.count))
        if let sums {
            let all = MapScope(pairs, nodes: wanted)
            tree.append(
                .init(
                    level: TextTree<MapSums>.rootLevel(of: tree.count), index: 0,
                    sum: sums.restricted(to: scope, from: all)))
        }
        for earlier in kept.parts {
            for entry in earlier.maps where entry.nodes == nodes {
                guard let branch = entry.branch(scope, leaves: tree.count), branch.leaves.lowerBound == tree.end else {
                    continue
                }
                tree.append(branch)
            }
        }
        if !tree.isComplete {
            let comparison = try MapComparison(
                model, pairs: pairs, nodes: Set(nodes), sequences: calibration.fit, separators: options.separators,
                rowStep: part.origin.calibration.rowStep, resources: options.resources)
            var last = ContinuousClock.now
            try comparison.fill(&tree) { (sums) throws(AnalysisError) in
                guard ContinuousClock.now - last > .seconds(Self.keepingSeconds) else { return }
                try keep(sums, nodes)
                last = .now
            }
            try keep(tree, nodes)
        }
        part.maps += AnalysisPart.maps(of: tree, nodes: nodes)
        guard let total = tree.total else { throw .mismatch("there are no texts to compare maps on") }
        return MapFindings(total, scope, pairs, knowsSeparators: false).similarity
    }

    private func keep(_ sums: TextTree<MapSums>, _ nodes: [String]) throws(AnalysisError) {
        var piece = AnalysisPart(part.shard, of: part.origin)
        piece.maps = AnalysisPart.maps(of: sums, nodes: nodes)
        try kept.keep(mapsName, piece)
    }

    /// What is measured by trials of attention nodes: all run from the same activations.
    private mutating func measureAttention(
        _ similarity: [Double], _ probe: OutputProbe, _ progress: (Analyzer.Stage, Int, Int) -> Void
    ) throws(AnalysisError) {
        let maps = nodes(.maps)
        let wanted = Set(maps + nodes(.linear) + nodes(.ranks) + nodes(.hard))
        guard !wanted.isEmpty else { return }
        let sums = try SourceSums(
            model, branches: model.graph.branches.filter { wanted.contains($0.node) },
            sequences: calibration.sample(tokens: CurvePass.sampleTokens),
            keeping: options.resources.keeping(CurvePass.keptBytes),
            asking: CurvePass.shares.count, borrowing: !maps.isEmpty, pooling: options.pooling,
            resources: options.resources)
        try measureMaps(similarity, sums, probe, progress)
        try measureLinear(sums, probe)
        try measureRanks(sums, probe, progress)
        try measureHard(sums, probe)
    }

    private mutating func measureMaps(
        _ similarity: [Double], _ sums: SourceSums, _ probe: OutputProbe,
        _ progress: (Analyzer.Stage, Int, Int) -> Void
    ) throws(AnalysisError) {
        let nodes = nodes(.maps)
        guard !nodes.isEmpty else { return }
        progress(.local, 0, 1)
        let candidates = try CandidatePass(
            model, pairs: pairs, similarity: similarity,
            sequences: calibration.sample(tokens: CandidatePass.sampleTokens), of: Set(nodes),
            pooling: options.pooling, resources: options.resources
        ).heads
        try CurvePass.run(
            model, of: Set(nodes), candidates: candidates, sums: sums, probe: probe, moves: options.moves,
            resources: options.resources
        ) {
            progress(.endToEnd, $0, $1)
        } found: { (curve) throws(AnalysisError) in
            try add(AnalysisUnit(.maps, curve.node)) { piece in
                piece.candidates = candidates.filter { $0.id.node == curve.node }
                piece.curves = [curve]
            }
        }
    }

    private mutating func measureNeurons(
        _ probe: OutputProbe, _ progress: (Analyzer.Stage, Int, Int) -> Void
    ) throws(AnalysisError) {
        let nodes = nodes(.neurons)
        guard !nodes.isEmpty else { return }
        try NeuronPass.run(
            model, of: Set(nodes), calibration: calibration, probe: probe, pooling: options.pooling,
            resources: options.resources
        ) {
            progress(.neurons, $0, $1)
        } found: { (feedForward, curve) throws(AnalysisError) in
            try add(AnalysisUnit(.neurons, feedForward.node)) { $0.neurons = [curve].compactMap(\.self) }
        }
    }

    private mutating func measureLinear(_ sums: SourceSums, _ probe: OutputProbe) throws(AnalysisError) {
        let nodes = nodes(.linear)
        guard !nodes.isEmpty else { return }
        try LinearPass.run(
            model, of: Set(nodes), sums: sums, probe: probe, resources: options.resources
        ) { (damage) throws(AnalysisError) in
            try add(AnalysisUnit(.linear, damage.node)) { $0.linear = [damage] }
        }
    }

    private mutating func measureRanks(
        _ sums: SourceSums, _ probe: OutputProbe, _ progress: (Analyzer.Stage, Int, Int) -> Void
    ) throws(AnalysisError) {
        let nodes = nodes(.ranks)
        guard !nodes.isEmpty else { return }
        try RankPass.run(
            model, of: Set(nodes), sums: sums, probe: probe, pooling: options.pooling,
            resources: options.resources
        ) {
            progress(.ranks, $0, $1)
        } found: { (curve) throws(AnalysisError) in
            try add(AnalysisUnit(.ranks, curve.node)) { $0.ranks = [curve] }
        }
        try addSilent(.ranks)
    }

    private mutating func measureHard(_ sums: SourceSums, _ probe: OutputProbe) throws(AnalysisError) {
        let nodes = nodes(.hard)
        guard !nodes.isEmpty else { return }
        try HardPass.run(
            model, of: Set(nodes), calibration: calibration, sums: sums, probe: probe, resources: options.resources
        ) { (curve) throws(AnalysisError) in
            try add(AnalysisUnit(.hard, curve.node)) { $0.hard = [curve] }
        }
        try addSilent(.hard)
    }

    /// Adds the pieces of a kind that were measured and say nothing.
    private mutating func addSilent(_ kind: AnalysisUnit.Kind) throws(AnalysisError) {
        for node in nodes(kind) { try add(AnalysisUnit(kind, node)) { _ in } }
    }
}
