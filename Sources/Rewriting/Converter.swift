import JSON
import ModelGraph
import Plans
import Runtime
import Tensors

/// Turns a model and a plan into a reuse model.
package struct Converter: Sendable {
    /// How to convert.
    package struct Options: Sendable {
        /// Threads, kernels and cancellation; results do not depend on them.
        package var resources: ExecutionResources
        /// How the rewrite is repaired.
        package var healing: HealingSummary.Method
        /// Whether second feed-forward matrices are refitted as well.
        package var fitsFeedForward: Bool
        /// Whether layers that share an output projection may get one each where healing needs it.
        package var unshares: Bool
        /// How embeddings are made, where the model's files do not say it: they are what it is judged by then.
        package var pooling: Pooling?
        /// A folder in which refits are kept while the work goes on, and the version of the program that they carry.
        package var keeping: (folder: String, toolVersion: String)?
        /// How several processes convert together, by what is kept in that folder; `nil`: this one alone.
        package var rounds: RefitRounds?

        package init(
            resources: ExecutionResources = ExecutionResources(threads: 1), healing: HealingSummary.Method = .closed,
            fitsFeedForward: Bool = true,
            unshares: Bool = false, pooling: Pooling? = nil
        ) {
            self.pooling = pooling
            self.resources = resources
            self.healing = healing
            self.fitsFeedForward = fitsFeedForward
            self.unshares = unshares
        }
    }

    /// A converted model and what was done to it.
    package struct Result: Sendable {
        /// The reuse model; `plan` and `healing` are set.
        package let model: Model
        /// The same before its tokens were merged, as which it can be compared with the source row by row.
        package let unmerged: Model
        /// What healing did.
        package let healing: HealingSummary
    }

    /// How to convert.
    package let options: Options

    package init(options: Options = Options()) { self.options = options }

    /// Applies a plan and heals the result.
    ///
    /// The result depends on the model, the plan and the calibration texts alone, not on the number of threads.
    ///
    /// - Parameters:
    ///   - sample: Texts that refits learn from, where a sample will do; `nil`: all that fit.
    ///   - known: What earlier conversions of the same model on the same texts found.
    /// - Throws: When the plan breaks a rule or the model cannot be run; `AnalysisError.shared` when healing would
    ///   split weights that layers share and was not allowed to; `AnalysisError.cancelled`.
    /// - Complexity: A pass of the source over the calibration texts for what the plan leaves out, one for all refits,
    ///   and two of the rewrite.
    package func convert(
        _ source: Model, plan: ReusePlan, calibration: CalibrationSet, learningFrom sample: [ModelInput]? = nil,
        knowing known: KnownSums? = nil, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(AnalysisError) -> Result {
        try LinearAlgebra.prepare()
        try CancellableWorkers(options.resources).check()
        try source.requireAllTokens()
        let wholePlan = plan
        if !plan.tokens.isEmpty {
            do { _ = try source.graph.applying(plan) } catch { throw .graph(error) }
        }
        let plan = plan.ofWeights
        var rewrite = try source.applying(plan)
        try rewrite.keepMeansOfDroppedHeads(from: source, sequences: calibration.fit, resources: options.resources)
        try rewrite.keepMeansOfLinearNodes(
            from: source, along: plan, sequences: calibration.fit, resources: options.resources)
        try rewrite.compensateForNeurons(
            of: source, along: plan, fits: options.healing == .closed, sequences: calibration.fit,
            pooling: options.pooling, knowing: known, resources: options.resources)
        try rewrite.fitRanks(
            of: source, along: plan, sequences: calibration.fit, pooling: options.pooling, knowing: known,
            resources: options.resources)
        let changed = Self.changedNodes(of: source.graph, to: rewrite.graph, along: plan)
        let plain = rewrite
        if options.healing == .closed { try unshare(&rewrite, changed: changed) }
        let probe = try OutputProbe(
            source: source, sequences: calibration.choosing, pooling: options.pooling, resources: options.resources)
        let before = try probe.difference(of: rewrite)
        var kept: KeptRefits?
        if let keeping = options.keeping {
            kept = KeptRefits(
                folder: keeping.folder,
                .init(
                    tool: keeping.toolVersion, model: source, calibration: calibration, pooling: options.pooling),
                plan: plan,
                settings: "\(options.fitsFeedForward) \(options.unshares)" + (sample.map { " \($0.count)" } ?? ""),
                worker: options.rounds?.worker)
        }
        var summary = HealingSummary(
            method: options.healing, steps: [], before: before, after: before, texts: .init(calibration),
            pooling: options.pooling)
        if options.healing == .closed {
            let healing = ClosedHealing(
                source: source, sequences: sample ?? calibration.fit, probe: probe, resources: options.resources,
                fitsFeedForward: options.fitsFeedForward, pooling: options.pooling, kept: kept,
                rounds: kept == nil ? nil : options.rounds)
            let result = try healing.heal(
                rewrite, plain: plain, changed: changed, before: before, progress: progress)
            rewrite = result.model
            summary.steps = result.steps
            summary.after = result.after
            summary.outcome = result.outcome
        }
        var merged = try rewrite.mergingTokens(wholePlan.tokens)
        if !wholePlan.tokens.isEmpty { summary.after = try probe.difference(of: merged) }
        rewrite.healing = JSONValue(encoding: summary)
        merged.healing = rewrite.healing
        return Result(model: merged, unmerged: rewrite, healing: summary)
    }

    /// Why healing will refuse a plan, or any plan for a model; `nil` when what changes shares nothing or may be split.
    ///
    /// Tells before an analysis what `convert` would say after it.
    ///
    /// - Parameters:
    ///   - plan: `nil`: any that changes attention.
    ///   - kept: Attention nodes that no plan changes.
    package func refusal(
        of source: Model, along plan: ReusePlan? = nil, keeping kept: Set<String> = []
    ) -> AnalysisError? {
        guard options.healing == .closed, !options.unshares else { return nil }
        guard let plan = plan?.ofWeights else {
            let branches = source.graph.branches.filter { $0.isAttention && !kept.contains($0.node) }
            guard !branches.isEmpty, branches.allSatisfy(source.isShared) else { return nil }
            return Self.refusal(branches, of: source)
        }
        // A plan that does not suit the model is refused for that.
        guard let after = try? source.graph.applying(plan) else { return nil }
        var rewrite = source
        rewrite.graph = after
        let shared = Self.shared(of: rewrite, among: Self.changedNodes(of: source.graph, to: after, along: plan))
        return shared.isEmpty ? nil : Self.refusal(shared, of: rewrite)
    }

    /// Nodes whose projections healing refits.
    private static func changedNodes(
        of source: CheckedGraph, to rewrite: CheckedGraph, along plan: ReusePlan
    ) -> Set<String> {
        let heads = source.attentionNodes.filter {
            $0.attention?.heads != rewrite.node(named: $0.name)?.attention?.heads
        }
        return Set(heads.map(\.name)).union(source.narrowed(by: plan.neurons).map(\.part.node))
            .union(source.nodesLosingRank(along: plan))
    }

    private static func shared(of rewrite: Model, among changed: Set<String>) -> [Branch] {
        rewrite.graph.branches.filter { $0.isAttention && changed.contains($0.node) && rewrite.isShared($0) }
    }

    /// Gives changed layers output projections of their own where they share one.
    private func unshare(_ rewrite: inout Model, changed: Set<String>) throws(AnalysisError) {
        let shared = Self.shared(of: rewrite, among: changed)
        guard !shared.isEmpty else { return }
        guard options.unshares else { throw Self.refusal(shared, of: rewrite) }
        for branch in shared { rewrite = try rewrite.unsharing(branch) }
    }

    private static func refusal(_ shared: [Branch], of model: Model) -> AnalysisError {
        let bytes = shared.reduce(0) { total, branch in
            let attention = model.graph.node(named: branch.node)?.attention
            let rows = (attention?.keptHeads.count ?? 0) * (attention?.valueSize ?? 0)
            return total + 4 * (rows + 1) * (attention?.outputWidth ?? 0)
        }
        return .shared(nodes: shared.map(\.node), bytes: bytes)
    }
}

extension JSONValue {
    /// Any document as a JSON value; `nil` when it holds a number that JSON cannot.
    package init?(encoding document: some Encodable) {
        guard let bytes = try? Document.encode(document), let value = try? Document.decode(JSONValue.self, from: bytes)
        else {
            return nil
        }
        self = value
    }
}
