import Analysis
import ModelGraph
import Reporting
import Rewriting
import Statistics
import Verification

extension ModelConverter {
    /// The plan for a budget: computed, or for a quality found by converting and measuring on the texts that choose.
    func plan(
        _ planner: Planner, _ budget: Budget, _ calibration: CalibrationSet, _ work: Work
    ) throws(TransformerError) -> ReusePlan {
        guard case .quality(let condition) = budget.goal else {
            return try TransformerError.mapping { try planner.plan(budget, cancellation: work.cancellation) }
        }
        let known = KnownSums(resources.execution())
        let plan = try planner.largestPlan(for: budget) { steps in
            work.begin(.tryingPlan(steps: steps, of: planner.steps.count))
        } where: { (plan) throws(TransformerError) in
            try holds(plan, condition, calibration, known, work)
        }
        guard let plan else {
            throw TransformerError(
                AnalysisError.budget(
                    budget.text,
                    reason: "no plan holds it on the \(calibration.choosing.count) texts that choose, at the worse "
                        + "end of the interval; lower the demand, give more texts or allow more moves (--allow)"))
        }
        return plan
    }

    /// Whether the model of a plan is good enough, were the texts that choose others of their kind.
    private func holds(
        _ plan: ReusePlan, _ condition: MetricCondition, _ calibration: CalibrationSet, _ known: KnownSums,
        _ work: Work
    ) throws(TransformerError) -> Bool {
        try TransformerError.mapping {
            let converted = try converter(work, healing: .closedForm)
                .convert(model.model, plan: plan, calibration: calibration, knowing: known)
            let pooling = options.pooling.map(ModelGraph.Pooling.init)
            let finished = try quantized(
                converted.unmerged, merging: converted.model.plan, calibration, work
            ).model
            let study = try FidelityStudy(
                source: model.model.pooled(by: pooling), converted: finished.pooled(by: pooling),
                options: .init(
                    resources: resources.execution(work.cancellation), comparesMaps: condition.metric == .mapsTVMean,
                    masking: try masking(for: condition)))
            let measured = try study.measure(calibration.choosing)
            guard let found = measured.first(where: { $0.metric == condition.metric }) else {
                throw VerificationError.notMeasured(condition.metric, measured: measured.map(\.metric))
            }
            return condition.holds(found.cautious)
        }
    }

    /// How tokens are hidden, where the demand is about hidden tokens.
    private func masking(for condition: MetricCondition) throws(TransformerError) -> Masking? {
        condition.metric == .perplexityRatio ? try DataReader(for: model, resources: resources).masking : nil
    }

    /// Texts that must choose where a quality is asked for.
    private static let fewestChoosing = 10

    /// Refuses a demand on a quality that so few texts cannot show; on a share of texts what they could not show
    /// whatever the plan: before anything is run.
    func checkCount(of choosing: [ModelInput], _ budget: Budget) throws(TransformerError) {
        let graph = model.model.graph
        if case .quality = budget.goal, choosing.count < Self.fewestChoosing {
            throw TransformerError(
                AnalysisError.budget(
                    budget.text,
                    reason: "\(choosing.count) texts choose, one in ten of the calibration data: too few to tell how "
                        + "other texts would fare; \(Self.fewestChoosing) are needed, from "
                        + "\(10 * Self.fewestChoosing) texts (see --calibration-tokens)"))
        }
        guard case .quality(let condition) = budget.goal, condition.metric == .top1Agreement,
            let predictions = graph.predictions, graph.shapes[predictions]?.rows == .sequences,
            let needed = VerificationReport.textsShowing(condition), choosing.count < needed
        else { return }
        throw TransformerError(
            AnalysisError.budget(
                budget.text,
                reason: "\(choosing.count) texts choose, one in ten of the calibration data; even if all agreed "
                    + "they would not show it: \(Format.count(needed)) are needed, from "
                    + "\(Format.count(10 * needed)) texts (see --calibration-tokens)"))
    }

    /// What is to be said when a demand on quality held on the texts that chose, and does not on those that judge.
    func budgetWarnings(_ source: PlanSource, _ metrics: [Measurement], _ work: Work) -> [String] {
        guard case .budget(let wanted, _) = source, let budget = try? wanted.parsed(),
            case .quality(let condition) = budget.goal,
            let found = metrics.first(where: { $0.metric == condition.metric && $0.output == nil }),
            !condition.holds(found.value)
        else { return [] }
        let warning =
            "\(condition) held on the texts that chose the plan and does not on those that judge it: "
            + "\(Format.significant(found.value, 5)) there; give more calibration texts, or ask for more"
        work.warning(warning)
        return [warning]
    }
}
