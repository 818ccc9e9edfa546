import ModelGraph
import Runtime

/// Why models cannot be compared.
package enum VerificationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A model cannot be compiled or run.
    case runtime(RuntimeError)
    /// The two models are not versions of one model.
    case unlike(String)
    /// There is nothing to measure on.
    case noData
    /// Labels do not fit the texts or the model.
    case labels(String)
    /// A gate names a metric that was not measured.
    case notMeasured(Metric, measured: [Metric])

    package var description: String {
        switch self {
        case .runtime(let error): "\(error)"
        case .unlike(let difference): "the two models are not versions of one model: \(difference)"
        case .noData: "the data hold no text to compare the models on; give a file with one text a line"
        case .labels(let problem): problem
        case .notMeasured(let metric, let measured):
            "\(metric.rawValue) was not measured for this model and these data; measured were "
                + measured.map(\.rawValue).joined(separator: ", ")
        }
    }
}
