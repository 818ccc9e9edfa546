import Analysis
import ModelGraph
import Rewriting
import Runtime
import Verification

/// Finds the largest plan whose quality holds: converts, measures on the texts kept back, halves the interval.
struct QualityStage {
    let source: Model
    let calibration: CalibrationSet
    var unshares = false
    let resources: ExecutionResources
    let progress: Progress

    /// - Throws: When not even the smallest plan holds, or the metric is not measured for this model.
    func largestPlan(of planner: Planner, budget: Budget) throws -> ReusePlan {
        guard case .quality(let condition) = budget.goal else { return try planner.plan(budget) }
        let plan = try planner.largestPlan(for: budget) { steps in
            progress.begin("Trying a plan of \(steps) of \(planner.steps.count) steps")
        } where: { plan in
            try holds(plan, condition)
        }
        guard let plan else {
            throw AnalysisError.budget(
                budget.text, reason: "no plan holds it; lower the demand or allow more moves (--allow)")
        }
        return plan
    }

    private func holds(_ plan: ReusePlan, _ condition: MetricCondition) throws -> Bool {
        let converted = try Converter(options: .init(resources: resources, unshares: unshares)).convert(
            source, plan: plan, calibration: calibration)
        let study = try FidelityStudy(source: source, converted: converted.model, options: .init(resources: resources))
        let measured = try study.measure(calibration.heldOut)
        guard let found = measured.first(where: { $0.metric == condition.metric }) else {
            throw VerificationError.notMeasured(condition.metric, measured: measured.map(\.metric))
        }
        return condition.holds(found.value)
    }
}
