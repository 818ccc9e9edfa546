import ModelGraph
import Platform
import Runtime

/// Why a model could not be analysed, planned for or converted.
package enum AnalysisError: KindedError, Sendable {
    /// The plan or the model breaks a rule.
    case graph(GraphError)
    /// The model could not be run.
    case runtime(RuntimeError)
    /// There is too little calibration data to measure anything.
    case calibration(found: Int, needed: Int)
    /// A budget that cannot be read or cannot be reached.
    case budget(String, reason: String)
    /// Documents that do not belong together.
    case mismatch(String)
    /// Healing would split weights that several layers share.
    case shared(nodes: [String], bytes: Int)
    /// A value of the model is no number on the calibration data.
    case noNumbers(String)
    /// A tensor that rewriting needs is missing or tied to another node.
    case tensor(ParameterID, reason: String)
    /// The library of matrix products cannot be loaded.
    case linearAlgebra(reason: String)
    /// A file that results are kept in cannot be read or written.
    case file(FileError)
    /// The work was asked to end.
    case cancelled

    /// What the runtime says, in terms of this module.
    package init(_ error: RuntimeError) {
        self = error == .cancelled ? .cancelled : .runtime(error)
    }

    package var kind: ErrorKind {
        switch self {
        case .graph(let error): error.kind
        case .runtime(let error): error.kind
        case .file(let error): error.kind
        case .calibration, .budget, .mismatch, .shared: .usage
        case .noNumbers: .corrupt
        case .tensor: .unsupported
        case .linearAlgebra: .inputOutput
        case .cancelled: .cancelled
        }
    }

    package var description: String {
        switch self {
        case .graph(let error): error.description
        case .runtime(let error): "\(error)"
        case .file(let error): error.description
        case .calibration(let found, let needed):
            "the calibration data has \(found) usable texts, at least \(needed) are needed, for some fit, some choose "
                + "and some judge: give more lines of text"
        case .budget(let budget, let reason): "budget \"\(budget)\": \(reason)"
        case .mismatch(let reason): reason
        case .shared(let nodes, let bytes):
            "layers of this model share their weights, and healing would give \(nodes.joined(separator: ", ")) "
                + "output projections of their own (up to \(bytes) bytes): allow it with --unshare, or convert with "
                + "--heal none --granularity layer"
        case .noNumbers(let value):
            "what the model computes on the calibration data (\(value)) is no number: some of its weights are far too "
                + "large, from a broken download or a training that diverged; get a fresh copy"
        case .tensor(let parameter, let reason): "tensor \(parameter) \(reason)"
        case .linearAlgebra(let reason):
            "the library of matrix products cannot be loaded: \(reason); install OpenBLAS "
                + "(libopenblas0 on Debian and Ubuntu)"
        case .cancelled: "cancelled"
        }
    }
}
