import ArgumentParser
import ReuseTransformers
import Verification

/// Conditions under which a converted model is not good enough.
struct GateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep no file when this holds of the texts kept back: METRIC OP VALUE. May be repeated.",
            discussion: "Metrics are those of `verify`, without those that need labels, scores or a clock.",
            valueName: "condition"))
    var failOn: [String] = []

    func validate() throws { _ = try gates() }

    /// The conditions, as far as they can be known before anything is measured.
    func gates() throws -> [QualityGate] {
        try failOn.map { text in
            let gate: QualityGate
            do { gate = try QualityGate(text) } catch { throw ValidationError("--fail-on: \(error).") }
            let condition = gate.gate.condition
            if let emptiness = condition.emptiness { throw ValidationError("--fail-on: \(emptiness).") }
            switch condition.metric {
            case .speedup, .accuracy, .spearman, .meanAbsoluteError, .r2:
                throw ValidationError(
                    "--fail-on \(condition.metric.rawValue): convert does not measure it; convert without it, then "
                        + "`verify --fail-on '\(text)'`.")
            default: return gate
            }
        }
    }

    /// Says of which conditions the good side fails.
    func noteInverted() throws {
        for gate in try gates().map(\.gate.condition) where gate.holdsForBetter {
            let name = gate.metric.rawValue
            Terminal.note(
                "reuseformer: note: --fail-on '\(gate)' fails for good values: of \(name) "
                    + (gate.metric.isBetterHigher ? "more is better" : "less is better"))
        }
    }
}
