import Analysis
import ModelGraph
import Rewriting
import Runtime
import TestSupport
import Testing

@Suite("Plans whose damages do not add up")
struct CorrectionTests {
    private let budget = "macs:25%@20"

    /// A planner that takes the damage of maps for a fifth of what it is, and the model.
    private func planner() throws -> (Planner, Model, CalibrationSet) {
        let model = Model.random(layers: 3, seed: 21).copyingMap(of: 1, to: 0, layer: 1)
        let calibration = try CalibrationSet(randomSequences(60, seed: 5))
        var document = try Analyzer(
            options: .init(resources: .init(threads: 2), moves: [.standard, .neurons])
        ).analyze(model, calibration: calibration)
        document.curves = document.curves.map { curve in
            let points = curve.points.map { point in
                DamageCurve.Point(
                    heads: point.heads, difference: OutputDifference(pairs: 0.2 * point.difference.damage))
            }
            return DamageCurve(node: curve.node, order: curve.order, local: curve.local, points: points)
        }
        let planner = try Planner(
            document, graph: model.graph, moves: [.standard, .neurons], currency: Budget(budget).goal)
        return (planner, model, calibration)
    }

    @Test("each kind's part is converted alone, and what was too cheap is given up less")
    func replanning() throws {
        let (planner, model, calibration) = try planner()
        let first = try planner.plan(Budget(budget))
        try #require(first.replacedCount > 0 && first.removedNeurons > 0)
        var tried: [ReusePlan] = [], trials: [Bool] = []
        // Whatever comes out is better than what is said to have been measured.
        let found = try planner.corrected(for: Budget(budget), measured: 1e9) { (plan, isTrial) throws(AnalysisError) in
            tried.append(plan)
            trials.append(isTrial)
            return try Converter().convert(model, plan: plan, calibration: calibration)
        }
        #expect(tried.count == 3 && trials == [true, true, false])
        #expect(tried[0].removedNeurons == 0 && tried[0].replacedCount == first.replacedCount)
        #expect(tried[1].replacedCount == 0 && tried[1].neurons.map(\.kept) == first.neurons.map(\.kept))
        let second = try #require(found).plan
        #expect(second == tried[2] && second.replacedCount < first.replacedCount)
        #expect(try planner.saving(of: second, Budget(budget).goal) >= 0.25 - 1e-9)
    }

    @Test("a worse plan is not taken, and one kind of move has nothing to be weighed against")
    func adding() throws {
        let (planner, model, calibration) = try planner()
        var conversions = 0
        let convert = { (plan: ReusePlan, _: Bool) throws(AnalysisError) -> Converter.Result in
            conversions += 1
            return try Converter().convert(model, plan: plan, calibration: calibration)
        }
        let worse = try planner.corrected(for: Budget(budget), measured: 1e-12, convert: convert)
        #expect(worse == nil && conversions > 0)
        conversions = 0
        for kind in planner.kinds {
            _ = try? kind.planner.corrected(for: Budget("macs:1%@20"), measured: 1e9, convert: convert)
        }
        #expect(conversions == 0)
    }

    @Test("what earlier conversions found of the source saves its runs and changes no bit")
    func knownSums() throws {
        let (planner, model, calibration) = try planner()
        let first = try planner.plan(Budget(budget)), second = try planner.plan(Budget("macs:15%@20"))
        try #require(first.removedNeurons > 0 && second.removedNeurons > 0)
        let known = KnownSums(ExecutionResources(threads: 1))
        for plan in [first, second, first] {
            let alone = try Converter().convert(model, plan: plan, calibration: calibration)
            let after = try Converter().convert(model, plan: plan, calibration: calibration, knowing: known)
            #expect(alone.healing == after.healing)
            #expect(alone.model.tensors.mapValues(\.floats) == after.model.tensors.mapValues(\.floats))
        }
        let sample = calibration.sample(tokens: 300)
        try #require(sample.count < calibration.fit.count)
        let trial = try Converter().convert(
            model, plan: first, calibration: calibration, learningFrom: sample, knowing: known)
        // Refits learn from other rows; what they start from is the same.
        let whole = try Converter().convert(model, plan: first, calibration: calibration)
        #expect(trial.healing.before == whole.healing.before)
        #expect(!trial.healing.steps.isEmpty && trial.healing.steps != whole.healing.steps)
    }
}
