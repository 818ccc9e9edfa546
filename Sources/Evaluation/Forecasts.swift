import Analysis
import Foundation
import Platform
import Reporting
import ReuseTransformers
import Rewriting

extension ModelAnalyzer {
    /// What an analysis, or one shard of it, will take on this machine: the data are read, a second is measured,
    /// nothing else is done.
    package func forecast(calibration: CalibrationData, shard: AnalysisShard? = nil) -> WorkSteps<Forecast> {
        WorkSteps { (work) throws(TransformerError) in
            let data = try read(calibration, work)
            let analyzer = analyzer(data.reader, work)
            return try TransformerError.mapping {
                let costs = AnalysisCosts(model.model.graph, calibration: data.set)
                let speed = try MachineSpeed.measured(
                    model.model, on: data.set.fit, costs: costs, resources: analyzer.options.resources)
                return try analyzer.forecast(shard?.shard ?? .whole, of: model.model, costs: costs, speed: speed)
            }
        }
    }
}

extension ModelConverter {
    /// What a conversion will take on this machine.
    ///
    /// - Parameter source: A budget whose plan is not known yet is taken to change every layer.
    package func forecast(_ calibration: CalibrationData, _ source: PlanSource) -> WorkSteps<Forecast> {
        WorkSteps { (work) throws(TransformerError) in
            let data = try calibration.read(for: model, resources, work)
            let execution = resources.execution(work.cancellation)
            return try TransformerError.mapping {
                let costs = AnalysisCosts(model.model.graph, calibration: data.set)
                let speed = try MachineSpeed.measured(
                    model.model, on: data.set.fit, costs: costs, resources: execution)
                var forecast = Forecast(stretches: [], memory: 0, disk: 0)
                var changed: Set<String>?
                var conversions = 1.0
                switch source {
                case .plan(let plan): changed = try model.model.graph.nodesChanged(by: plan.plan)
                case .budget(let wanted, let analysis):
                    let budget = try wanted.parsed()
                    let moves = options.moves ?? .standard(for: budget)
                    // Of several kinds of moves the damage of each may be measured, and the plan corrected.
                    if moves.contains(.neurons), !moves.isDisjoint(with: .standard) { conversions = 2 }
                    guard analysis == nil else { break }
                    forecast = try Analyzer(options: .init(resources: execution, moves: moves.moves))
                        .forecast(.whole, of: model.model, costs: costs, speed: speed)
                    forecast.disk = 0
                }
                let (work, bytes) = costs.healing(changed: changed, heals: options.healing != .none)
                forecast.stretches.append(
                    .init(name: "rewriting and healing", seconds: conversions * speed.seconds(of: work)))
                forecast.stretches.append(
                    .init(
                        name: "writing and comparing",
                        seconds: speed.seconds(of: costs.verification(texts: data.set.judges.items.count))
                            + 4 * costs.parameters / Self.bytesASecond + Self.timingSeconds))
                forecast.memory = max(forecast.memory, bytes)
                forecast.disk += 4 * costs.parameters
                return forecast
            }
        }
    }

    /// Bytes that are compressed, written and read back in a second.
    private static let bytesASecond = 4e7
    /// Seconds that timing both models takes at the end.
    private static let timingSeconds = 4.0
}
