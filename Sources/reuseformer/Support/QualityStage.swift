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

    /// - Throws: When not even the smallest plan holds, or the metric is unknown or not measured for this model.
    func largestPlan(of planner: Planner, budget: Budget, text: String) throws -> ReusePlan {
        guard case .quality(let name, let comparison, let value) = budget else {
            return try planner.plan(budget, text: text)
        }
        // The gate says when a model is not good enough: the opposite of what the budget asks for.
        let gate = try Gate(parsing: "\(name)\(comparison == .atLeast ? "<" : ">")\(value)")
        var low = 0, high = planner.steps.count
        while low < high {
            let middle = (low + high + 1) / 2
            progress.begin("Trying a plan of \(middle) of \(planner.steps.count) steps")
            if try holds(planner.plan(steps: middle, budget: text), gate) { low = middle } else { high = middle - 1 }
        }
        guard low > 0 else {
            throw AnalysisError.budget(text, reason: "no plan holds it; lower the demand or allow more moves (--allow)")
        }
        return planner.plan(steps: low, budget: text)
    }

    private func holds(_ plan: ReusePlan, _ gate: Gate) throws -> Bool {
        let converted = try Converter(options: .init(resources: resources, unshares: unshares)).convert(
            source, plan: plan, calibration: calibration)
        let study = try FidelityStudy(source: source, converted: converted.model, options: .init(resources: resources))
        let measured = try study.measure(calibration.heldOut)
        guard let found = measured.first(where: { $0.metric == gate.metric }) else {
            throw VerificationError.notMeasured(gate.metric, measured: measured.map(\.metric))
        }
        return !gate.fails(found.value)
    }
}
