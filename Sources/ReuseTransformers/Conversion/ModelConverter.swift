import Analysis
import Foundation
import ModelGraph
import Plans
import Rewriting
import Statistics
import Verification

/// Makes a smaller, faster model: analyses, plans, rewrites, heals, writes, reads back and compares.
///
///     let converter = ModelConverter(model)
///     let file = URL(filePath: "small.reuse.h5")
///     for try await step in converter.convert(calibration: texts, budget: .maps(1 / 3), to: file) {
///         switch step {
///         case .progress(let progress): print(progress)
///         case .finished(let result): print(result.comparison[.hiddenCosineMean] ?? 0)
///         }
///     }
///
/// The same model, data and options give the same file, whatever the number of threads. When the task is cancelled the
/// work ends within a second and leaves no file.
public struct ModelConverter: Sendable {
    /// How to convert.
    public struct Options: Sendable, Hashable {
        /// What plans may do; `nil`: of a budget of maps, replace maps; of arithmetic or bytes, leave out neurons too.
        public var moves: ReuseMoves?
        /// What is replaced at a time.
        public var granularity: ReuseGranularity
        /// The layers whose maps may be replaced.
        public var layers: LayerSelection
        /// Conditions under which the converted model is not good enough: its file is not kept then, and
        /// `ConversionResult.isKept` is false. Judged on the data that `ConversionResult.comparison` is of.
        public var gates: [QualityGate]
        /// How the rewrite is repaired.
        public var healing: Healing
        /// Lets layers that share weights get output projections of their own where healing needs them. Without it,
        /// healing refuses to split what the layers of an ALBERT share.
        public var unsharesLayers: Bool
        /// How the file stores tensors.
        public var compression: TransformerModel.Compression
        /// How many bits matrices have in the converted model.
        public var precision: ConversionPrecision
        /// How embeddings are made, of a model that is used for embeddings and whose files do not say it: damage,
        /// repair and judgement are in terms of them. `nil`: as the files say. The file itself does not change by it.
        public var pooling: TextEmbedder.Pooling?
        /// A folder in which analysis and refits are kept as soon as they are done: another conversion of the same
        /// model and data goes on from there, to the same file.
        public var keepingFolder: URL?
        /// The part of this process in a conversion that several make together; `nil`: it is alone. Refits are kept in
        /// the folder of the rounds then, not in `keepingFolder`.
        public var rounds: ConversionRounds?
        /// Lets inputs of a classifier leave behind an earlier layer whose class is sure enough there, so that at least
        /// so large a share of all inputs keeps the class that the whole model gives; `nil`: all go through all layers.
        public var exitAgreement: Double?

        /// Options; the defaults are those of the command.
        public init(
            moves: ReuseMoves? = nil, granularity: ReuseGranularity = .head, layers: LayerSelection = .all,
            gates: [QualityGate] = [], healing: Healing = .closedForm, unsharesLayers: Bool = false,
            compression: TransformerModel.Compression = .zstd(),
            precision: ConversionPrecision = .float32, pooling: TextEmbedder.Pooling? = nil,
            keepingIn keepingFolder: URL? = nil, exitAgreement: Double? = nil
        ) {
            self.exitAgreement = exitAgreement
            self.keepingFolder = keepingFolder
            self.precision = precision
            self.pooling = pooling
            self.moves = moves
            self.granularity = granularity
            self.layers = layers
            self.gates = gates
            self.healing = healing
            self.unsharesLayers = unsharesLayers
            self.compression = compression
        }
    }

    /// How a rewrite is repaired.
    public enum Healing: String, Sendable, Hashable, CaseIterable {
        /// Not at all.
        case none
        /// In closed form, by least squares, layer by layer: no training.
        case closedForm = "closed"
    }

    /// The model to convert.
    public let model: TransformerModel
    /// How to convert.
    public let options: Options
    package let resources: ComputeResources

    /// Outputs that both models compute after writing: one wrong weight shows in the first.
    private static let exactnessItems = 100

    /// A converter of a model.
    ///
    /// - Parameters:
    ///   - model: The model to convert; it stays as it is.
    ///   - options: How to convert.
    ///   - resources: The threads to compute on; the result does not depend on them.
    public init(
        _ model: TransformerModel, _ options: Options = Options(), resources: ComputeResources = .shared
    ) {
        self.model = model
        self.options = options
        self.resources = resources
    }

    // MARK: Converting

    /// Converts along the plan that a budget asks for.
    ///
    /// - Parameters:
    ///   - calibration: Data like those that the model will meet.
    ///   - budget: How much to save, or how good to stay.
    ///   - analysis: What `ModelAnalyzer` found out about this model: saves the analysis.
    ///   - file: The `.reuse.h5` to write, replacing what is there; `nil`: the model stays in memory.
    /// - Returns: The work, to be iterated or awaited. It throws `.usage` for a budget that cannot be held, too few
    ///   data, or an analysis of another model; `.inputOutput` when the file cannot be written.
    public func convert(
        calibration: CalibrationData, budget: ConversionBudget, analysis: ModelAnalysis? = nil, to file: URL? = nil
    ) -> WorkSteps<ConversionResult> {
        convert(calibration, .budget(budget, analysis), to: file?.path)
    }

    /// Converts along the plan that a budget asks for, calibrated on texts.
    public func convert(
        calibration texts: [String], budget: ConversionBudget, to file: URL? = nil
    ) -> WorkSteps<ConversionResult> {
        convert(.texts(texts), .budget(budget, nil), to: file?.path)
    }

    /// Converts along a plan.
    ///
    /// - Parameters:
    ///   - calibration: Data like those that the model will meet.
    ///   - plan: Which heads take their maps from where.
    ///   - file: The `.reuse.h5` to write, replacing what is there; `nil`: the model stays in memory.
    /// - Returns: The work. It throws `.usage` for a plan that does not suit the model.
    public func convert(
        calibration: CalibrationData, plan: ConversionPlan, to file: URL? = nil
    ) -> WorkSteps<ConversionResult> {
        convert(calibration, .plan(plan), to: file?.path)
    }

    /// Applies a plan without healing and without running anything: the way for models that are larger than memory.
    ///
    /// - Returns: The work. It throws `.usage` for a plan that does not suit the model, or that drops heads or neurons,
    ///   whose mean only data can tell.
    public func rewrite(along plan: ConversionPlan, to file: URL) -> WorkSteps<ConversionResult> {
        rewrite(along: plan, to: file.path)
    }

    /// The plan that a budget asks for, without the conversion. A budget on quality is found by trying.
    ///
    /// - Returns: The work. It throws `.usage` for a budget that cannot be held.
    public func plan(
        calibration: CalibrationData, budget: ConversionBudget, analysis: ModelAnalysis? = nil
    ) -> WorkSteps<ConversionPlan> {
        WorkSteps { (work) throws(TransformerError) in
            _ = try options.layers.keptNodes(of: model.model.graph)
            try check(.budget(budget, analysis))
            try model.checkWeights(work)
            let data = try calibration.read(for: model, resources, work)
            _ = try warnings(on: data.set, of: data.reader, .budget(budget, analysis), work)
            return try planned(.budget(budget, analysis), data, work).plan
        }
    }

    // MARK: Steps

    /// Where a conversion takes its plan from.
    package enum PlanSource: Sendable {
        case budget(ConversionBudget, ModelAnalysis?)
        case plan(ConversionPlan)

        /// The budget, where it is one on savings.
        fileprivate var budgetOnSavings: Budget? {
            get throws(TransformerError) {
                guard case .budget(let wanted, _) = self, !wanted.isQuality else { return nil }
                return try wanted.parsed()
            }
        }
    }

    /// Converts; the way of all public methods.
    package func convert(
        _ calibration: CalibrationData, _ source: PlanSource, to path: String?
    ) -> WorkSteps<ConversionResult> {
        WorkSteps { (work) throws(TransformerError) in
            try checkRounds(source)
            for folder in [options.keepingFolder, options.rounds?.folder].compactMap(\.self) {
                try TransformerError.mapping { _ = try KeptFolder(folder.path) }
            }
            let converter = converter(work)
            try checkPrecision()
            try checkExits()
            try checkSharing(source, converter)
            _ = try options.layers.keptNodes(of: model.model.graph)
            try check(source)
            try checkReach(of: source)
            try model.checkWeights(work)
            let data = try calibration.read(for: model, resources, work)
            let warnings = try warnings(on: data.set, of: data.reader, source, work)
            let (first, analysis) = try planned(source, data, work)
            work.begin(.rewriting)
            let (plan, result) = try TransformerError.mapping {
                let known = KnownSums(resources.execution())
                let convert = { (plan: ReusePlan, isTrial: Bool) throws(AnalysisError) in
                    try converter.convert(
                        model.model, plan: plan, calibration: data.set,
                        learningFrom: isTrial ? data.set.sample(tokens: Planner.trialTokens) : nil, knowing: known
                    ) {
                        work.advance(.rewriting, to: $0, of: $1)
                    }
                }
                let result = try convert(first.plan, false)
                guard let budget = try source.budgetOnSavings, let analysis, converter.options.healing == .closed else {
                    return (first, result)
                }
                // Damages that were measured one by one need not add up.
                let corrected = try planner(of: analysis, for: budget).corrected(
                    for: budget, measured: result.healing.after.damage, cancellation: work.cancellation
                ) { (plan, isTrial) throws(AnalysisError) in
                    work.begin(.rewriting)
                    return try convert(plan, isTrial)
                }
                if corrected != nil { work.warning("damages did not add up, so the budget was planned for once more") }
                return corrected.map { (ConversionPlan($0.plan), $0.result) } ?? (first, result)
            }
            let repairs = result.healing.warnings
            for warning in repairs { work.warning(warning) }
            let (quantized, summary) = try quantized(result.unmerged, merging: result.model.plan, data.set, work)
            let (exiting, exits) = try withExits(quantized, along: plan.plan, data.set, work)
            let judges = data.set.judges
            return try finish(exiting, to: path, checkedOn: judges.items, work) {
                (converted, exactness) throws(TransformerError) in
                let verifier = ModelVerifier(
                    source: model, converted: converted, pooling: options.pooling, resources: resources)
                var findings = try verifier.fidelity(on: judges.items, masking: data.reader.masking, work)
                findings.data = judges.data
                findings.exactness = exactness ?? findings.exactness
                findings.warnings = warnings + repairs + budgetWarnings(source, findings.metrics, work)
                let done = ConversionResult(
                    model: converted, plan: plan,
                    comparison: try verifier.comparison(findings, gates: options.gates, work),
                    analysis: analysis, healing: result.healing, quantization: summary, exits: exits)
                return try describing(done, isWritten: path != nil && done.isKept, data: calibration.paths)
            }
        }
    }

    /// The result with how it came about, before its file has its name: what fails here leaves none.
    func describing(
        _ result: ConversionResult, isWritten: Bool, data: [String]
    ) throws(TransformerError) -> ConversionResult {
        var result = result
        result.comparison = try result.comparison.described(
            source: model, converted: isWritten ? result.model : nil, data: data)
        return result
    }

    /// Applies a plan without running anything.
    package func rewrite(along plan: ConversionPlan, to path: String) -> WorkSteps<ConversionResult> {
        WorkSteps { (work) throws(TransformerError) in
            try checkPrecision()
            try model.checkWeights(work)
            work.begin(.rewriting)
            let applied = try TransformerError.mapping {
                _ = try model.model.graph.applying(plan.plan)
                return try model.model.applying(plan.plan.ofWeights)
            }
            if let need = plan.plan.needOfData(in: model.model.graph, applied: applied.graph) {
                throw TransformerError(.usage, "\(need): give data to calibrate on")
            }
            let (rewritten, summary) = try quantized(applied, merging: plan.plan, nil, work)
            work.begin(.writing)
            let file = VerifiedFile(
                path: path, compression: options.compression, reading: model.hdf5, source: model, work: work)
            return try file.write(
                rewritten, complaint: "the written file does not hold what the model in memory holds"
            ) {
                try Exactness.check(tensorsOf: rewritten, against: $0, cancellation: work.cancellation)
            } finish: { (written, exactness) throws(TransformerError) in
                let report = try TransformerError.mapping {
                    try VerificationReport(
                        source: .init(name: model.name, provenance: model.model.provenance),
                        converted: .init(name: written.name, provenance: written.model.provenance), data: .init([]),
                        savings: Savings(source: model.model.graph, converted: written.model.graph), metrics: [],
                        exactness: exactness, gates: options.gates.map(\.gate))
                }
                let done = ConversionResult(
                    model: written, plan: ConversionPlan(rewritten.plan ?? plan.plan),
                    comparison: ModelComparison(report: report), analysis: nil, healing: nil,
                    quantization: summary, exits: nil)
                return try describing(done, isWritten: true, data: [])
            } isKept: {
                $0.isKept
            }
        }
    }

    func converter(_ work: Work, healing: Healing? = nil) -> Converter {
        let method: HealingSummary.Method = (healing ?? options.healing) == .none ? .none : .closed
        var wanted = Converter.Options(
            resources: resources.execution(work.cancellation), healing: method, unshares: options.unsharesLayers,
            pooling: options.pooling.map(ModelGraph.Pooling.init))
        wanted.keeping = (options.rounds?.folder ?? options.keepingFolder).map { ($0.path, Version.text) }
        wanted.rounds = options.rounds?.refits
        return Converter(options: wanted)
    }

    private func planned(
        _ source: PlanSource, _ data: (set: CalibrationSet, reader: DataReader), _ work: Work
    ) throws(TransformerError) -> (plan: ConversionPlan, analysis: ModelAnalysis?) {
        guard case .budget(let wanted, let given) = source else {
            if case .plan(let plan) = source { return (plan, nil) }
            throw TransformerError(.usage, "give a budget or a plan")
        }
        let budget = try wanted.parsed()
        try checkCount(of: data.set.choosing, budget)
        let analysis: ModelAnalysis
        if let given {
            analysis = given
        } else {
            let analyzer = ModelAnalyzer(
                model, moves: options.moves ?? .standard(for: budget), pooling: options.pooling, resources: resources)
            analysis = try analyzer.analysis(
                data.set, data.reader, work, folder: options.keepingFolder.map { $0.path + "/analysis" })
        }
        let planner = try planner(of: analysis, for: budget)
        return (ConversionPlan(try plan(planner, budget, data.set, work)), analysis)
    }

    private func planner(of analysis: ModelAnalysis, for budget: Budget) throws(TransformerError) -> Planner {
        try analysis.planner(
            options.moves, options.granularity, options.layers, budget: budget, graph: model.model.graph)
    }

    /// Writes the file, checks that it computes, to the bit, what the model in memory does, and finishes before it gets
    /// its name; without a path only finishes.
    func finish(
        _ converted: Model, to path: String?, checkedOn items: [ModelInput], _ work: Work,
        _ finish: (TransformerModel, Exactness?) throws(TransformerError) -> ConversionResult
    ) throws(TransformerError) -> ConversionResult {
        guard let path else {
            return try finish(TransformerModel(path: model.path, model: converted, hdf5: model.hdf5), nil)
        }
        work.begin(.writing)
        let file = VerifiedFile(
            path: path, compression: options.compression, reading: model.hdf5, source: model, work: work)
        return try file.write(
            converted, complaint: "the written file does not compute what the model in memory computes"
        ) {
            try Exactness.check(
                converted, against: $0, promise: .bitwise, on: Array(items.prefix(Self.exactnessItems)),
                resources: resources.execution(work.cancellation))
        } finish: { (written, exactness) throws(TransformerError) in
            try finish(written, exactness)
        } isKept: {
            $0.isKept
        }
    }
}
