import Analysis
import Foundation
import ModelGraph
import Platform
import Rewriting
import Runtime
import TestSupport
import Testing

@Suite("Cancelling analysis and conversion")
struct CancellationTests {
    private let model = Model.random(layers: 2, seed: 5)
    private let calibration: CalibrationSet

    init() throws { calibration = try CalibrationSet(randomSequences(60, seed: 8)) }

    private func isCancelled(_ error: any Error) -> Bool {
        guard case AnalysisError.cancelled? = error as? AnalysisError else { return false }
        return AnalysisError.cancelled.kind == .cancelled
    }

    @Test(
        "an analysis that is asked to end in one of its stages ends with `cancelled`",
        arguments: Analyzer.Stage.allCases)
    func stages(stage: Analyzer.Stage) {
        let cancellation = Cancellation()
        #expect {
            let resources = ExecutionResources(threads: 2, cancellation: cancellation)
            // All stages are gone through where all kinds of moves are measured.
            _ = try Analyzer(options: .init(resources: resources, moves: Moves.standard.union([.neurons, .ranks]))).analyze(
                model, calibration: calibration
            ) { reached, _, _ in
                if reached == stage { cancellation.request() }
            }
        } throws: { isCancelled($0) }
    }

    @Test("an analysis that is asked to end at any moment, by another thread, is cancelled or whole")
    func anywhere() throws {
        let clock = ContinuousClock()
        var whole: AnalysisDocument?
        let duration = try clock.measure { whole = try Analyzer().analyze(model, calibration: calibration) }
        for part in 1...6 {
            let cancellation = Cancellation()
            DispatchQueue.global().asyncAfter(deadline: .now() + Double(part) / 7 * (duration / .seconds(1))) {
                cancellation.request()
            }
            do {
                let found = try Analyzer(
                    options: .init(resources: ExecutionResources(threads: 2, cancellation: cancellation))
                )
                .analyze(model, calibration: calibration)
                #expect(found == whole)
            } catch {
                #expect(isCancelled(error))
            }
        }
    }

    @Test("a conversion that is asked to end while it heals ends with `cancelled`")
    func healing() throws {
        let cancellation = Cancellation()
        var plan = ReusePlan(of: model.graph)
        plan.set(.reused(head(0, 0)), of: head(1, 0))
        let converter = Converter(options: .init(resources: ExecutionResources(threads: 2, cancellation: cancellation)))
        var steps = 0
        #expect {
            try converter.convert(model, plan: plan, calibration: calibration) { _, _ in
                steps += 1
                cancellation.request()
            }
        } throws: { isCancelled($0) }
        #expect(steps == 1)
        #expect { try converter.convert(model, plan: plan, calibration: calibration) } throws: { isCancelled($0) }
    }

    @Test("plans and curves of plans are not made when the work was asked to end")
    func plans() throws {
        let analysis = try Analyzer().analyze(model, calibration: calibration)
        let planner = try Planner(analysis, graph: model.graph)
        let cancellation = Cancellation()
        #expect(try PlanCurve(planner, cancellation: cancellation) == PlanCurve(planner))
        cancellation.request()
        #expect { try planner.plan(Budget("1/5"), cancellation: cancellation) } throws: { isCancelled($0) }
        #expect { try PlanCurve(planner, cancellation: cancellation) } throws: { isCancelled($0) }
    }

    @Test("independent tasks are left out once the work was asked to end", arguments: [1, 3])
    func workers(count: Int) {
        let cancellation = Cancellation()
        #expect {
            try CancellableWorkers(count: count, cancellation: cancellation).run(100) {
                if $0 == 0 { cancellation.request() }
            }
        } throws: { isCancelled($0) }
    }
}
