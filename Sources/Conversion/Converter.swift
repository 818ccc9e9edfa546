import Analysis
import ModelGraph
import Tensors

/// Turns a model and a plan into a reuse model.
public struct Converter: Sendable {
    /// How to convert.
    public struct Options: Sendable {
        /// Threads; results do not depend on them.
        public var threads: Int
        /// How the rewrite is repaired.
        public var healing: HealingSummary.Method
        /// Whether second feed-forward matrices are refitted as well.
        public var fitsFeedForward: Bool

        public init(threads: Int = 1, healing: HealingSummary.Method = .closed, fitsFeedForward: Bool = true) {
            self.threads = max(1, threads)
            self.healing = healing
            self.fitsFeedForward = fitsFeedForward
        }
    }

    /// A converted model and what was done to it.
    public struct Result: Sendable {
        /// The reuse model; `plan` and `healing` are set.
        public let model: Model
        /// What healing did.
        public let healing: HealingSummary
    }

    /// How to convert.
    public let options: Options

    public init(options: Options = Options()) { self.options = options }

    /// Applies a plan and heals the result.
    ///
    /// The result depends on the model, the plan and the calibration texts alone, not on the number of threads.
    ///
    /// - Throws: When the plan breaks a rule or the model cannot be run.
    /// - Complexity: For each changed node, two passes of the part of the model before it over the calibration texts.
    public func convert(
        _ source: Model, plan: ReusePlan, calibration: CalibrationSet, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(AnalysisError) -> Result {
        LinearAlgebra.prepare()
        var rewrite = try source.applying(plan)
        try rewrite.keepMeansOfDroppedHeads(from: source, sequences: calibration.fit, threads: options.threads)
        let changed = Set(
            source.graph.attentionNodes.filter {
                $0.attention?.heads != rewrite.graph.node(named: $0.name)?.attention?.heads
            }
            .map(\.name))
        let probe = try OutputProbe(source: source, sequences: calibration.heldOut, threads: options.threads)
        let before = try probe.difference(of: rewrite)
        var summary = HealingSummary(method: options.healing, steps: [], before: before, after: before)
        if options.healing == .closed {
            let healing = ClosedHealing(
                source: source, sequences: calibration.fit, probe: probe, threads: options.threads,
                fitsFeedForward: options.fitsFeedForward)
            let result = try healing.heal(rewrite, changed: changed, before: before, progress: progress)
            rewrite = result.model
            summary.steps = result.steps
            summary.after = result.after
        }
        rewrite.healing = JSONValue(encoding: summary)
        return Result(model: rewrite, healing: summary)
    }
}

extension JSONValue {
    /// Any document as a JSON value; `nil` when it holds a number that JSON cannot.
    init?(encoding document: some Encodable) {
        guard let bytes = try? Document.encode(document), let value = try? Document.decode(JSONValue.self, from: bytes)
        else {
            return nil
        }
        self = value
    }
}
