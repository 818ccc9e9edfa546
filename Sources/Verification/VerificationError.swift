import ModelGraph
import Platform
import Runtime
import Statistics

/// Why models cannot be compared.
package enum VerificationError: KindedError, Sendable, Hashable {
    /// A model cannot be compiled or run.
    case runtime(RuntimeError)
    /// The two models are not versions of one model.
    case unlike(String)
    /// There is nothing to measure on.
    case noData
    /// Labels do not fit the texts or the model.
    case labels(String)
    /// The model gives no class for a whole item.
    case noClasses
    /// A gate names a metric that was not measured.
    case notMeasured(Metric, measured: [Metric])
    /// A metric that a gate or a budget names cannot be measured on this model with what is given.
    case notMeasurable(Metric, reason: String, measurable: [Metric])
    /// The work was asked to end.
    case cancelled

    /// What the runtime says, in terms of this module.
    package init(_ error: RuntimeError) {
        self = error == .cancelled ? .cancelled : .runtime(error)
    }

    package var kind: ErrorKind {
        switch self {
        case .runtime(let error): error.kind
        case .unlike, .noData, .labels, .noClasses, .notMeasured, .notMeasurable: .usage
        case .cancelled: .cancelled
        }
    }

    package var description: String {
        switch self {
        case .runtime(let error): "\(error)"
        case .unlike(let difference): "the two models are not versions of one model: \(difference)"
        case .noData: "the data hold no text to compare the models on; give a file with one text a line"
        case .labels(let problem): problem
        case .noClasses: "the model gives no class for a whole text, so labels cannot be compared"
        case .notMeasured(let metric, let measured):
            "\(metric.rawValue) was not measured for this model and these data; measured were "
                + measured.map(\.rawValue).joined(separator: ", ")
        case .notMeasurable(let metric, let reason, let measurable):
            "\(metric.rawValue) cannot be measured here: \(reason); what can be measured is "
                + measurable.map(\.rawValue).joined(separator: ", ")
        case .cancelled: "cancelled"
        }
    }
}
