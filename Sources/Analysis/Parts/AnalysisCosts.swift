import Costs
import ModelGraph
import Plans
import Rewriting

/// What the pieces of an analysis cost, by counting: decides which shard measures which, and foretells the time.
package struct AnalysisCosts: Sendable {
    /// Texts of each sample, in texts of the mean length where they are longer or shorter, and that length.
    private let samples: Samples
    private let graph: CheckedGraph
    /// Multiply-adds of one text by node, and up to and including each node.
    private let byNode: [String: Double]
    private let upTo: [String: Double]
    private let whole: Double
    /// Weights of the model.
    package let parameters: Double
    private let parts: [String: FeedForwardPart]
    /// Pairs of maps, by the node of the later head, and how many others each node's first head may borrow from.
    private let pairs: [String: Int]
    private let candidates: [String: Int]

    fileprivate struct Samples: Sendable {
        let fit, candidates, curves, neurons, choosing: Double
        let tokens: Double
    }

    package init(_ graph: CheckedGraph, calibration: CalibrationSet) {
        self.graph = graph
        let all = MapPairs(graph)
        pairs = all.pairs.reduce(into: [:]) { $0[all.heads[$1.later].node, default: 0] += 1 }
        candidates = Dictionary(
            zip(all.heads, all.candidates).map { ($0.node, $1.count) }, uniquingKeysWith: { first, _ in first })
        let fit = calibration.fit
        let tokens = max(1, calibration.fittingTokens / max(1, fit.count))
        // Of predictions as many rows are compared as memory should hold.
        let width = graph.predictions.flatMap { graph.shapes[$0]?.width } ?? 1
        let rows = OutputProbe.predictedRows(width: width)
        let isPredicting = graph.use != .encoder && graph.predictions.map { graph.shapes[$0]?.rows == .tokens } ?? false
        let most = isPredicting ? max(1, rows / tokens) : OutputProbe.judgingTexts
        samples = Samples(
            fit: Double(fit.count), candidates: Double(calibration.sample(tokens: CandidatePass.sampleTokens).count),
            curves: Double(calibration.sample(tokens: CurvePass.sampleTokens).count),
            neurons: Double(calibration.sample(tokens: NeuronPass.sampleTokens).count),
            choosing: Double(calibration.choosing.prefix(most).reduce(0) { $0 + $1.visibleCount }) / Double(tokens),
            tokens: Double(tokens))
        byNode = graph.multiplyAddsByNode(tokens: tokens).mapValues(Double.init)
        var sum = 0.0
        var upTo: [String: Double] = [:]
        for node in graph.nodes {
            sum += byNode[node.name] ?? 0
            upTo[node.name] = sum
        }
        self.upTo = upTo
        whole = sum
        parameters = Double(graph.cost(tokens: 1).parameters)
        parts = Dictionary(graph.feedForwardParts.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// One pass of the model up to a node.
    private func pass(to node: String, texts: Double) -> WorkEstimate {
        var work = WorkEstimate()
        let share = (upTo[node] ?? whole) / max(whole, 1)
        work.model = texts * (upTo[node] ?? whole)
        work.packing = parameters * share
        return work
    }

    /// A look at the output of a model that is changed from a node on.
    ///
    /// - Parameter node: The first that is not the source's; `nil`: the whole model runs.
    private func probe(from node: String? = nil) -> WorkEstimate {
        var work = WorkEstimate()
        let left = node.map { whole - (upTo[$0] ?? 0) + (byNode[$0] ?? 0) } ?? whole
        work.model = samples.choosing * left
        work.packing = parameters * left / max(whole, 1)
        return work
    }

    /// A refit of a matrix.
    private func refit(features: Double, targets: Double, texts: Double) -> WorkEstimate {
        var work = WorkEstimate()
        work.products = texts * samples.tokens * features * (features / 2 + targets)
        let strengths = Double(RidgeFit.strengths.count)
        work.solving = (strengths + 1) * features * features * (features / 3 + targets)
        work.solving += strengths * features * features * targets
        return work
    }

    /// What a piece costs beside what it has in common with others of its shard.
    package func own(_ unit: AnalysisUnit) -> WorkEstimate {
        switch unit.kind {
        case .maps: return maps(unit.node)
        case .neurons: return neurons(unit.node)
        case .ranks: return ranks(unit.node)
        case .hard:
            return Double(CurvePass.shares.count) * trial(unit.node)
                + 2 * pass(to: unit.node, texts: samples.candidates)
        case .tokens: return Double(TokenPass.shares.count) * probe()
        case .linear:
            guard let attention = graph.node(named: unit.node)?.attention else { return WorkEstimate() }
            let features = Double(attention.inputWidth)
            return around(unit.node, texts: samples.curves)
                + refit(features: features, targets: Double(attention.outputWidth), texts: samples.curves)
                + probe(from: unit.node)
        }
    }

    /// What an element of a context that is summed, and a difference of two maps' elements take, in multiply-adds:
    /// measured (docs/distributed.md).
    private static let contextElement = 20.0, mapDifference = 50.0

    private func maps(_ node: String) -> WorkEstimate {
        guard let attention = graph.node(named: node)?.attention else { return WorkEstimate() }
        let heads = Double(attention.computedHeads.count), width = Double(attention.valueSize)
        let memory = Double(attention.memoryWidth ?? attention.inputWidth)
        let others = Double(min(self.candidates[node] ?? 0, CandidatePass.proposals) + StaticPattern.allCases.count)
        let tokens = samples.tokens
        var candidates = WorkEstimate()
        candidates.products =
            samples.candidates * heads * tokens * width
            * (memory + others * (tokens + others + Self.contextElement))
        var compared = WorkEstimate()
        let count = Double(pairs[node] ?? 0)
        compared.products = Self.mapDifference * min(samples.fit * tokens * tokens * count, SimilarityPass.workBudget)
        return candidates + compared + Double(min(CurvePass.shares.count, attention.heads.count)) * trial(node)
    }

    /// What a refit runs of source and rewrite beside what both have in common: the node, in each of them once.
    private func around(_ node: String, texts: Double) -> WorkEstimate {
        var work = WorkEstimate()
        work.model = 2 * texts * (byNode[node] ?? 0)
        return work
    }

    /// A changed attention node with its output projection refitted, and a look at the output.
    private func trial(_ node: String) -> WorkEstimate {
        guard let attention = graph.node(named: node)?.attention else { return WorkEstimate() }
        let features = Double(attention.keptHeads.count * attention.valueSize)
        return around(node, texts: samples.curves)
            + refit(features: features, targets: Double(attention.outputWidth), texts: samples.curves)
            + probe(from: node)
    }

    private func ranks(_ name: String) -> WorkEstimate {
        guard let node = graph.node(named: name), let attention = node.attention else { return WorkEstimate() }
        var moments = WorkEstimate()
        let width = Double(attention.inputWidth)
        moments.products = samples.curves * samples.tokens * width * width / 2
        return Double(RankPass.pointCount(of: node)) * trial(name) + moments
    }

    private func neurons(_ node: String) -> WorkEstimate {
        guard let part = parts[node] else { return WorkEstimate() }
        let width = Double(part.width), outputs = Double(graph.shapes[node]?.width ?? 0)
        var work = WorkEstimate()
        work.products = samples.neurons * samples.tokens * width * width / 2
        work.solving = 3 * width * width * width + 2 * width * width * outputs
        return work + Double(NeuronPass.shares.count) * probe(from: part.firsts.first)
    }

    /// What a shard computes once for all of its pieces.
    package func shared(_ units: [AnalysisUnit]) -> WorkEstimate {
        guard !units.isEmpty else { return WorkEstimate() }
        func last(_ kinds: [AnalysisUnit.Kind]) -> String? {
            units.filter { kinds.contains($0.kind) }.map(\.node).max { (upTo[$0] ?? 0) < (upTo[$1] ?? 0) }
        }
        // The source's outputs, and activations that trials begin from.
        var work = 2 * probe()
        if let node = last([.maps]) {
            work += pass(to: node, texts: samples.fit) + pass(to: node, texts: samples.candidates)
        }
        if let node = last([.neurons]) { work += pass(to: node, texts: samples.neurons) }
        if let node = last([.maps, .linear, .ranks, .hard]) { work += pass(to: node, texts: samples.curves) }
        return work
    }

    /// Everything that one process does to measure some pieces.
    package func total(_ units: [AnalysisUnit]) -> WorkEstimate {
        units.reduce(shared(units)) { $0 + own($1) }
    }

    /// Deals pieces out to shards (`PieceDealing`).
    ///
    /// Graph, texts and the number of shards decide it, nothing else.
    ///
    /// - Returns: For each shard its pieces, in the order of `units`; empty where there are more shards than pieces.
    package func deal(_ units: [AnalysisUnit], to count: Int) -> [[AnalysisUnit]] {
        let shards = units.isEmpty ? [] : PieceDealing(self, units, count: min(count, units.count)).best
        return (0..<count).map { $0 < shards.count ? shards[$0].sorted().map { units[$0] } : [] }
    }
}

extension AnalysisCosts {
    /// Multiply-adds of one text, up to and including a node; of the whole model without one.
    package func multiplyAdds(upTo node: String) -> Double { upTo[node] ?? whole }
    package var multiplyAdds: Double { whole }

    /// Bytes of memory that the process takes before it has a model.
    private static let bareBytes = 48.0 * 1024 * 1024

    /// Most bytes of memory at a time that measuring some pieces takes.
    func memory(_ units: [AnalysisUnit], threads: Int) -> Double {
        let weights = 4 * parameters
        var most = 0.0
        if units.contains(where: { $0.kind != .neurons }) {
            most = activationBytes(of: samples.curves, values: graph.attentionNodes.count)
        }
        let widths = units.compactMap { parts[$0.node] }.filter { part in
            units.contains(AnalysisUnit(.neurons, part.node))
        }
        for batch in NeuronSums.batches(of: widths) {
            let sums = batch.reduce(0.0) { $0 + 8 * Double($1.width * $1.width) }
            let largest = batch.map { 8 * Double($0.width * $0.width) }.max() ?? 0
            // Sums with their symmetric copy, and of each elimination that runs the inverse with its copies.
            most = max(most, 2 * sums + 4 * largest * Double(min(threads, batch.count)))
        }
        // The source, one that is run, and one that is tried; activations of the texts that choose.
        return Self.bareBytes + 3 * weights + most + outputBytes
            + activationBytes(of: samples.choosing, values: graph.attentionNodes.count + parts.count)
    }

    /// Bytes of so many kept values of some texts.
    private func activationBytes(of texts: Double, values: Int) -> Double {
        let widest = graph.attentionNodes.compactMap { $0.attention?.outputWidth }.max() ?? 0
        return min(4 * texts * samples.tokens * Double(values * widest), Double(CurvePass.keptBytes))
    }

    /// Bytes of the source's outputs that rewrites are compared with.
    private var outputBytes: Double {
        guard let value = graph.predictions ?? graph.embedding, let shape = graph.shapes[value] else { return 0 }
        let rows = shape.rows == .tokens ? samples.choosing * samples.tokens : samples.choosing
        return 2 * 4 * rows * Double(shape.width)
    }

    /// Bytes of a document that holds some pieces, without the graph.
    func documentBytes(_ units: [AnalysisUnit], ofAll all: [AnalysisUnit]) -> Double {
        units.reduce(0.0) { sum, unit in
            switch unit.kind {
            case .maps:
                let heads = Double(graph.node(named: unit.node)?.attention?.computedHeads.count ?? 0)
                let kept = Double(min(candidates[unit.node] ?? 0, CandidatePass.kept) + 6)
                // A number of the triangle takes a line, and so do the parts of a map's name.
                return sum + 17 * Double(pairs[unit.node] ?? 0) + heads * (3 * kept * kept + 110 * kept) + 2000
            case .neurons: return sum + 60 * Double(parts[unit.node]?.width ?? 0)
            case .linear: return sum + 300
            case .ranks, .hard: return sum + 1500
            case .tokens: return sum + 2000
            }
        }
    }
}

extension AnalysisCosts {
    /// What rewriting and healing cost, and the most bytes of memory at a time.
    ///
    /// - Parameter changed: Attention nodes and feed-forward parts that a plan changes; `nil`: any may be.
    package func healing(changed: Set<String>?, heals: Bool) -> (work: WorkEstimate, bytes: Double) {
        let branches = graph.branches
        var work = 2 * probe()
        var bytes = Self.bareBytes + 3 * 4 * parameters + outputBytes
        guard let last = branches.last, let first = branches.firstIndex(where: { changed?.contains($0.node) ?? true })
        else { return (work, bytes) }
        for node in changed ?? Set(parts.keys) {
            guard let part = parts[node] else { continue }
            let width = Double(part.width)
            work.products += samples.fit * samples.tokens * width * width / 2
            work.solving += width * width * width
            bytes = max(bytes, Self.bareBytes + 12 * parameters + 4 * 8 * width * width)
        }
        work += pass(to: last.node, texts: samples.fit)
        guard heals else { return (work, bytes) }
        // The source once, and the rewrite twice: what a refit reads, and what it leaves behind.
        work += 3 * pass(to: last.node, texts: samples.fit)
        for branch in branches[first...] {
            let isChanged = changed?.contains(branch.node) ?? true
            guard isChanged || !branch.isAttention else { continue }
            var features = Double(graph.shapes[branch.node]?.width ?? 0)
            switch branch.features {
            case .context:
                guard let attention = graph.node(named: branch.node)?.attention else { continue }
                features = Double(attention.keptHeads.count * attention.valueSize)
            case .value(let name): features = Double(graph.shapes[name]?.width ?? 0)
            }
            let targets = Double(graph.shapes[branch.sum]?.width ?? 0)
            work += refit(features: features, targets: targets, texts: samples.fit) + probe(from: branch.node)
            // Two sets of sums, and each strength that is tried has a copy.
            bytes = max(
                bytes,
                Self.bareBytes + 12 * parameters + outputBytes + 2 * activationBytes(of: samples.fit, values: 1)
                    + 8 * 8 * features * features)
        }
        return (work, bytes)
    }

    /// What comparing source and result costs.
    package func verification(texts: Int) -> WorkEstimate {
        var work = WorkEstimate()
        work.model = 4 * Double(min(texts, OutputProbe.judgingTexts) + 100) * whole
        work.packing = 8 * parameters
        return work
    }
}

extension CheckedGraph {
    /// Attention nodes and last matrices of feed-forward parts that a plan changes.
    package func nodesChanged(by plan: ReusePlan) throws(AnalysisError) -> Set<String> {
        let after: CheckedGraph
        do { after = try applying(plan) } catch { throw .graph(error) }
        let heads = graph.attentionNodes.filter {
            $0.attention?.heads != after.node(named: $0.name)?.attention?.heads
        }
        return Set(heads.map(\.name) + plan.neurons.map(\.node))
    }
}
