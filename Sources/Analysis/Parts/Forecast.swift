import JSON
import ModelGraph
import Rewriting
import Runtime

/// What some work will take on this machine, before it is done.
package struct Forecast: Sendable, Hashable, Codable {
    /// One stretch of the work.
    package struct Stretch: Sendable, Hashable, Codable {
        /// What is done.
        package var name: String
        package var seconds: Double

        package init(name: String, seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    /// What is done one after the other.
    package var stretches: [Stretch]
    /// Most bytes of memory at a time, the model's weights included.
    package var memory: Double
    /// Bytes of the files that are written.
    package var disk: Double

    package init(stretches: [Stretch], memory: Double, disk: Double) {
        self.stretches = stretches
        self.memory = memory
        self.disk = disk
    }

    /// Seconds of all.
    package var seconds: Double { stretches.reduce(0) { $0 + $1.seconds } }
}

extension Analyzer {
    /// What an analysis, or one shard of it, will take.
    ///
    /// - Parameter speed: Measured on the model.
    package func forecast(
        _ shard: Shard, of model: Model, costs: AnalysisCosts, speed: MachineSpeed
    ) throws(AnalysisError) -> Forecast {
        let units = AnalysisUnit.units(of: model, moves: options.moves)
        let own = costs.deal(units, to: shard.count)[shard.index - 1]
        func part(_ kind: AnalysisUnit.Kind) -> [AnalysisUnit] { own.filter { $0.kind == kind } }
        let names: [(AnalysisUnit.Kind, String)] = [
            (.maps, "maps"), (.neurons, "neurons"), (.linear, "matrices in the place of attention"),
            (.ranks, "ranks"), (.hard, "hard heads"), (.tokens, "tokens"),
        ]
        let stretches = names.compactMap { kind, name -> Forecast.Stretch? in
            let units = part(kind)
            return units.isEmpty ? nil : .init(name: name, seconds: speed.seconds(of: costs.total(units)))
        }
        let graph = (try? Document.encode(model.graph).count) ?? 0
        return Forecast(
            stretches: stretches, memory: costs.memory(own, threads: options.resources.threads),
            disk: Double(graph) + costs.documentBytes(own, ofAll: units))
    }
}
