import ModelGraph
import Runtime

/// Where runs of a source and of its rewrite begin while healing goes from branch to branch: in front of the branches
/// that are still to be refitted, which see nothing of what comes after them.
struct HealingState {
    /// All texts, cut into parts.
    let texts: TextParts
    private(set) var probe: OutputProbe
    private let source: Model
    private let sequences: [ModelInput]
    private let pooling: Pooling?
    private let resources: ExecutionResources
    /// Bytes of activations that are kept of the source, and of the rewrite, for the texts of a run.
    private let limit: Int
    private var model: Model
    /// Branches that are still to be refitted, the next one first.
    private var branches: ArraySlice<Branch>
    private var runs: [Run] = []

    /// The texts of neighbouring parts.
    private struct Run {
        let parts: Range<Int>
        var sums: SourceSums
        var activations: CachedActivations
    }

    init(
        source: Model, rewrite: Model, branches: ArraySlice<Branch>, sequences: [ModelInput], probe: OutputProbe,
        keeping limit: Int, pooling: Pooling?, resources: ExecutionResources
    ) {
        texts = TextParts(SourceSums.chunks(of: sequences))
        self.source = source
        self.sequences = sequences
        self.probe = probe
        self.limit = limit
        self.pooling = pooling
        self.resources = resources
        self.branches = branches
        model = rewrite
    }

    /// Moves on to the branches that are left.
    ///
    /// - Parameter model: The rewrite, with all refits before them.
    mutating func advance(to model: Model, branches: ArraySlice<Branch>) throws(AnalysisError) {
        self.model = model
        self.branches = branches
        for index in runs.indices { try advance(&runs[index]) }
        try probe.advance(to: model, rewriting: model.graph.beginnings(of: branches.map(\.node)))
    }

    private func advance(_ run: inout Run) throws(AnalysisError) {
        let nodes = model.graph.beginnings(of: branches.map(\.node))
        try run.sums.advance(to: branches)
        run.activations = try CachedActivations(
            of: model, model.graph.cut(before: nodes), sequences: run.activations.sequences, keeping: limit,
            from: run.activations, resources: resources)
    }

    /// Makes neighbouring parts ready, whose sums will be asked for from now on.
    mutating func begin(_ parts: Range<Int>) throws(AnalysisError) {
        let range = texts.sequences(of: parts)
        guard !range.isEmpty, !runs.contains(where: { $0.parts.overlaps(parts) }) else { return }
        let part = Array(sequences[range])
        var run = Run(
            parts: parts,
            sums: try SourceSums(
                source, branches: [], sequences: part, startingAt: range.lowerBound, keeping: limit, pooling: pooling,
                resources: resources),
            activations: CachedActivations(nothingOf: model, part))
        try advance(&run)
        runs.append(run)
    }

    /// Statistics of the next branch over one part of the texts; `nil` where rows do not belong together.
    mutating func statistics(of branch: Branch, part: Int) throws(AnalysisError) -> FitStatistics? {
        let (rows, chunks) = try rows(of: branch, part: part)
        return try rows.statistics(chunks: chunks)
    }

    /// Whether all rows of all texts are few beside a branch's features.
    func areFew(features: Int) -> Bool { FewRows.areFew(sequences, features: features) }

    /// All rows of the next branch; `nil` where they do not belong together.
    mutating func rows(of branch: Branch) throws(AnalysisError) -> FewRows? {
        var result: FewRows?
        for part in texts.parts.indices {
            let (rows, chunks) = try rows(of: branch, part: part)
            guard let own = try rows.rows(chunks: chunks) else { return nil }
            if result == nil { result = own } else { result?.add(own) }
        }
        return result
    }

    /// Rows of the next branch, and which of their chunks are of one part.
    private mutating func rows(
        of branch: Branch, part: Int
    ) throws(AnalysisError) -> (rows: BranchRows, chunks: Range<Int>) {
        if !runs.contains(where: { $0.parts.contains(part) }) { try begin(part..<part + 1) }
        guard let run = runs.first(where: { $0.parts.contains(part) }) else {
            throw .mismatch("there is no part \(part) of the texts")
        }
        let rows = try BranchRows(
            branch, source: run.sums, rewritten: model, from: run.activations, resources: resources)
        let before = texts.parts[run.parts.lowerBound].lowerBound
        let chunks = texts.parts[part]
        return (rows, chunks.lowerBound - before..<chunks.upperBound - before)
    }
}
