import JSON
import ModelGraph
import Platform
import Rewriting
import Runtime
import Statistics
import Tensors

/// Stores a model's matrices in fewer bits (docs/precision.md).
///
/// Stream by stream in execution order, so that each sees what the streams before it really give. The result depends on
/// the model, the target and the data alone, not on the number of threads.
package struct Quantizer: Sendable {
    /// How to quantise.
    package struct Options: Sendable {
        /// Threads, kernels and cancellation; results do not depend on them.
        package var resources: ExecutionResources
        /// What matrices shall become.
        package var target: QuantizationTarget
        /// Tokens of the data that sums are made of, at most.
        package var tokens = 24_576
        /// How embeddings are made, where the model's files do not say it.
        package var pooling: Pooling?

        package init(target: QuantizationTarget, resources: ExecutionResources = ExecutionResources(threads: 1)) {
            self.target = target
            self.resources = resources
        }
    }

    /// How to quantise.
    package let options: Options
    private let workers: CancellableWorkers

    /// Damage at the output that `automatic` allows: shares of a variance, or nats.
    private static let allowedDamage = 0.002
    /// Fewest sequences that means and sums are learnt from.
    private static let leastSequences = 2

    package init(options: Options) {
        self.options = options
        workers = CancellableWorkers(options.resources)
    }

    /// Quantises a model.
    ///
    /// - Parameter calibration: Data like those that the model will meet; `nil`: weights are rounded to nearest.
    /// - Throws: `AnalysisError.mismatch` for a model that is quantised already, and for targets that need data where
    ///   there are none; `AnalysisError.cancelled`.
    /// - Complexity: For each stream, two passes of the part of the model before it over the data.
    package func quantize(
        _ model: Model, calibration: CalibrationSet?, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(AnalysisError) -> (model: Model, summary: QuantizationSummary) {
        guard !model.graph.hasPrecisions else {
            throw .mismatch("the model is quantised already: convert the one that it was made from")
        }
        if options.target.needsData, calibration == nil {
            throw .mismatch("\(options.target.name) needs data to calibrate on: give --calibration")
        }
        if calibration != nil { try LinearAlgebra.prepare() }
        let (units, refused) = model.graph.quantizationUnits
        var run = Run(model: model, summary: QuantizationSummary(wanted: options.target.name, steps: []))
        for (name, why) in refused {
            run.summary.steps.append(.init(name: name, reason: why.rawValue))
        }
        try roundShared(units.filter(isRoundedOnly), in: &run)
        let streams = units.filter { !isRoundedOnly($0) }
        let sequences = calibration.map { $0.sample(tokens: options.tokens) } ?? []
        var activations = StreamActivations(
            reference: CachedActivations(nothingOf: model, sequences),
            current: CachedActivations(nothingOf: run.model, sequences))
        for (index, unit) in streams.enumerated() {
            progress(index, streams.count)
            try workers.check()
            if sequences.count >= Self.leastSequences {
                try activations.advance(model, run.model, to: streams[index...], options.resources)
            }
            run.summary.steps.append(try quantize(unit, in: &run, reference: model, activations))
        }
        progress(streams.count, streams.count)
        if let calibration, !units.isEmpty {
            let probe = try OutputProbe(
                source: model, sequences: calibration.choosing, pooling: options.pooling,
                rewriting: options.target == .automatic ? model.graph.beginnings(of: streams.map(\.node)) : [],
                resources: options.resources)
            run.summary.after = try probe.difference(of: run.model)
            if options.target == .automatic { try revert(in: &run, to: model, units, probe) }
        }
        run.model.quantization = JSONValue(encoding: run.summary)
        return (run.model, run.summary)
    }

    /// What is quantised so far.
    private struct Run {
        var model: Model
        var summary: QuantizationSummary
    }

    /// Tables, what several nodes read, and bfloat16: nothing is fitted there.
    private func isRoundedOnly(_ unit: QuantizationUnit) -> Bool {
        unit.isTable || unit.isShared || options.target.kind == .bfloat16
    }

    /// Rounds to nearest what several nodes read, and tables.
    private func roundShared(_ units: [QuantizationUnit], in run: inout Run) throws(AnalysisError) {
        guard !units.isEmpty else { return }
        for unit in units {
            try workers.check()
            guard let node = run.model.graph.node(named: unit.node) else { continue }
            for name in unit.matrices where node.ties[name] == nil {
                let id = node.parameterID(name)
                if options.target.kind == .bfloat16 {
                    run.model.tensors[id] = run.model.tensors[id]?.bfloat16()
                } else if unit.isTable {
                    try run.model.storeTable(id, workers)
                } else {
                    let weights = try weights(QuantizationUnit(unit, only: name), of: run.model)
                    let fit = StreamFit(unit: unit, precision: precision(unit), workers: workers)
                    try run.model.storeMatrices(of: unit, fit.plain(weights), precision(unit))
                }
            }
            var step = QuantizationSummary.Step(name: unit.label, kind: precision(unit).kind)
            step.reason = options.target.kind == .bfloat16 ? nil : unit.isShared ? "shared" : nil
            run.summary.steps.append(step)
        }
        // Readers and owners change together.
        try run.model.setPrecisions(units.map { ($0, precision($0)) })
    }

    /// What the matrices of a unit are made.
    private func precision(_ unit: QuantizationUnit) -> Precision {
        let target = options.target
        if target.kind == .bfloat16 { return Precision(.bfloat16) }
        if unit.isTable { return Precision(.int8) }
        // A matrix that is a table elsewhere is stored as that one is.
        if unit.isShared, unit.isTied { return Precision(target.kind == .int8 ? .int8 : .int8Weights) }
        return Precision(target.kind, group: target.group)
    }

    private func quantize(
        _ unit: QuantizationUnit, in run: inout Run, reference: Model, _ activations: StreamActivations
    ) throws(AnalysisError) -> QuantizationSummary.Step {
        let precision = precision(unit)
        var step = QuantizationSummary.Step(name: unit.label, kind: precision.kind)
        let weights = try weights(unit, of: run.model)
        let fit = StreamFit(unit: unit, precision: precision, workers: workers)
        guard activations.reference.sequences.count >= Self.leastSequences else {
            try run.model.set(unit, to: try fit.plain(weights), precision)
            step.reason = "no_data"
            return step
        }
        let rows = try StreamRows(
            unit, reference: reference, current: run.model, activations, resources: options.resources)
        guard let result = try fit.fit(weights, rows: rows) else {
            try run.model.set(unit, to: try fit.plain(weights), precision)
            step.reason = "no_rows"
            return step
        }
        try run.model.set(unit, to: result.stream, precision)
        step.smoothing = result.smoothing
        step.strength = result.strength
        step.error = result.error.rounded(8)
        step.plainError = result.plainError.rounded(8)
        return step
    }

    /// The matrices of a stream side by side.
    private func weights(_ unit: QuantizationUnit, of model: Model) throws(AnalysisError) -> StreamWeights {
        guard let node = model.graph.node(named: unit.node) else {
            throw .mismatch("the graph has no node \(unit.node)")
        }
        let shared = model.graph.sharedParameters
        var matrices: [(name: String, tensor: Tensor)] = []
        var bias: [Double]? = []
        for name in unit.matrices {
            guard let tensor = model.tensor(of: node, name) else {
                throw .tensor(node.parameterID(name), reason: "is missing")
            }
            matrices.append((name, tensor))
            let own = node.parameterID(StreamFit.biasName(of: name))
            guard node.ties[own.name] == nil, !shared.contains(own), let numbers = model.tensors[own]?.floats else {
                bias = nil
                continue
            }
            bias?.append(contentsOf: numbers.map(Double.init))
        }
        return StreamWeights(matrices, bias: bias)
    }

    // MARK: What hurts

    /// Gives back 32 bits to what hurts most, until the damage at the output is small.
    private func revert(
        in run: inout Run, to reference: Model, _ units: [QuantizationUnit], _ probe: OutputProbe
    ) throws(AnalysisError) {
        guard let after = run.summary.after, after.damage > Self.allowedDamage else { return }
        let streams = units.filter { !isRoundedOnly($0) }
        var damages: [(unit: QuantizationUnit, damage: Double)] = []
        for unit in streams {
            try workers.check()
            var alone = reference
            try alone.take(unit, from: run.model)
            damages.append((unit, try probe.difference(of: alone).damage))
        }
        for (unit, damage) in damages {
            if let index = run.summary.steps.firstIndex(where: { $0.name == unit.label }) {
                run.summary.steps[index].damage = damage.rounded(8)
            }
        }
        damages.sort { ($0.damage, $0.unit.label) > ($1.damage, $1.unit.label) }
        for (unit, damage) in damages where damage > 0 {
            guard let now = run.summary.after, now.damage > Self.allowedDamage else { return }
            try workers.check()
            var changed = run.model
            try changed.take(unit, from: reference)
            let difference = try probe.difference(of: changed)
            guard difference.damage < now.damage else { continue }
            run.model = changed
            run.summary.after = difference
            if let index = run.summary.steps.firstIndex(where: { $0.name == unit.label }) {
                run.summary.steps[index].kind = nil
                run.summary.steps[index].reason = "damage"
            }
        }
    }
}

extension QuantizationUnit {
    /// One matrix of a unit.
    fileprivate init(_ unit: QuantizationUnit, only name: String) {
        self.init(
            node: unit.node, matrices: [name], input: unit.input, smoothing: unit.smoothing, isShared: unit.isShared,
            isTied: unit.isTied)
    }
}
