import COpenBLAS
import Matrices
import ModelGraph
import Rewriting
import Runtime

/// How fast this machine is, now, at what analyses and conversions consist of: in units of `WorkEstimate` a second.
package struct MachineSpeed: Sendable {
    package let model: Double
    package let products: Double
    package let solving: Double
    package let packing: Double

    /// Seconds that some work takes.
    package func seconds(of work: WorkEstimate) -> Double {
        work.model / model + work.products / products + work.solving / solving + work.packing / packing
    }

    /// Multiply-adds that a measurement of the model costs at least, where the model has as many.
    private static let leastWork = 2e9
    /// Tokens that the first layers are run on.
    private static let tokens = 1024

    /// Measures by running the first layers of a model on some texts, and by two products of matrices: a second or two.
    ///
    /// - Throws: When the model cannot be run; `AnalysisError.cancelled`.
    package static func measured(
        _ model: Model, on sequences: [ModelInput], costs: AnalysisCosts, resources: ExecutionResources
    ) throws(AnalysisError) -> MachineSpeed {
        try LinearAlgebra.prepare()
        var part: [ModelInput] = []
        var rows = 0
        for sequence in sequences where rows < tokens {
            part.append(sequence)
            rows += sequence.rowEstimate
        }
        let values = model.graph.branches.map(\.sum)
        let texts = Double(part.count)
        guard let value = values.first(where: { texts * costs.multiplyAdds(upTo: $0) >= leastWork }) ?? values.last
        else { throw .mismatch("the model has no layers to measure") }
        let work = texts * costs.multiplyAdds(upTo: value)
        let clock = ContinuousClock()
        var compiled: CompiledModel?
        let packing = try seconds(clock) { () throws(AnalysisError) in
            compiled = try model.compiled(resources: resources, observing: Observation(values: [value]))
        }
        guard let compiled else { throw .cancelled }
        // The first run makes memory; the fastest of the others is what a long run comes to.
        var best = Double.infinity
        for round in 0..<4 {
            let time = try seconds(clock) { () throws(AnalysisError) in
                _ = try compiled.collect(part, values: [value])
            }
            if round > 0 { best = min(best, time) }
        }
        let share = costs.multiplyAdds(upTo: value) / max(costs.multiplyAdds, 1)
        let threads = Double(resources.threads)
        return MachineSpeed(
            model: work / max(best, 1e-9), products: productSpeed(clock, single: true) * threads,
            solving: productSpeed(clock, single: false) * threads,
            packing: max(1, costs.parameters * share) / max(packing, 1e-9))
    }

    private static func seconds<E: Error>(_ clock: ContinuousClock, _ body: () throws(E) -> Void) throws(E) -> Double {
        let start = clock.now
        try body()
        return (clock.now - start) / .seconds(1)
    }

    /// Multiply-adds a second of one thread in products of matrices.
    private static func productSpeed(_ clock: ContinuousClock, single: Bool) -> Double {
        let size = 384
        var best = Double.infinity
        let floats = [Float](repeating: 0.5, count: size * size)
        var target = floats
        let doubles = Matrix(rows: size, columns: size, elements: floats.map(Double.init))
        for _ in 0..<3 {
            let time = seconds(clock) {
                if single {
                    blas_sgemm(
                        BLASRowMajor, BLASTransposed, BLASNoTranspose, Int32(size), Int32(size), Int32(size), 1, floats,
                        Int32(size), floats, Int32(size), 0, &target, Int32(size))
                } else {
                    target[0] = Float(doubles.multiplied(by: doubles)[0, 0])
                }
            }
            best = min(best, time)
        }
        return Double(size * size * size) / max(best, 1e-9)
    }
}
