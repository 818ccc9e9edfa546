import ModelGraph
import Platform

/// Why a model cannot be compiled or run.
package enum RuntimeError: KindedError, Sendable, Hashable {
    /// The model itself is unsound.
    case invalidModel(GraphError)
    /// A kernel set was asked for that this machine lacks or that does not exist.
    case unknownKernels(String)
    /// A value was asked for that the graph does not have or that was not observed when compiling.
    case unknownValue(String)
    /// A sequence is longer than the model's table of positions.
    case sequenceTooLong(index: Int, tokens: Int, limit: Int)
    /// A token id or type id is outside the model's table.
    case idOutOfRange(index: Int, id: Int, limit: Int, what: String)
    /// The parts of a sequence differ in length.
    case raggedSequence(index: Int)

    /// What a run keeps is more than the machine's memory: kept maps of a long sequence, or outputs asked for.
    case tooLarge(what: String, tokens: Int, byteCount: Double)

    /// An input that the graph lays out is missing or does not fit.
    case wrongInput(index: Int, name: String, message: String)
    /// Something with a row for each token was asked of a model that merges tokens.
    case mergedTokens(String, node: String)
    /// A model that cannot go on token by token.
    case notIncremental(String)
    /// Tokens for another number of sequences than there are.
    case wrongTokenCount(given: Int, expected: Int)
    /// The work was asked to end before it was done (`ExecutionResources.cancellation`).
    case cancelled

    package var kind: ErrorKind {
        switch self {
        case .invalidModel: .corrupt
        // Ids and lengths come from the user's inputs, kernels from the environment.
        case .unknownKernels, .unknownValue, .sequenceTooLong, .idOutOfRange, .raggedSequence, .wrongInput,
            .notIncremental, .wrongTokenCount, .tooLarge, .mergedTokens:
            .usage
        case .cancelled: .cancelled
        }
    }

    package var description: String {
        switch self {
        case .invalidModel(let error): "the model cannot be run: \(error)"
        case .unknownKernels(let name):
            "kernel set \"\(name)\" is not available on this machine; "
                + "choose \(KernelSet.available.map(\.description).joined(separator: " or "))"
        case .unknownValue(let name): "the model has no value \"\(name)\" to hand out"
        case .sequenceTooLong(let index, let tokens, let limit):
            "sequence \(index) has \(tokens) tokens, the model takes at most \(limit); truncate it"
        case .idOutOfRange(let index, let id, let limit, let what):
            "sequence \(index) has \(what) \(id), the model knows 0…\(limit - 1)"
        case .tooLarge(let what, let tokens, let byteCount):
            "\(what) of \(tokens) tokens would take \((byteCount / 1e9).rounded(.up)) GB of memory, more than this "
                + "machine has for them; give shorter or fewer sequences at once"
        case .wrongInput(let index, let name, let message): "sequence \(index): \(name) \(message)"
        case .mergedTokens(let what, let node):
            "the model merges tokens (\(node)): it has no \(what) for each of them; ask its source"
        case .notIncremental(let reason): "the model cannot be decoded token by token: \(reason)"
        case .wrongTokenCount(let given, let expected): "\(given) tokens for \(expected) sequences"
        case .cancelled: "cancelled"
        case .raggedSequence(let index): "sequence \(index): ids, types and mask differ in length"
        }
    }
}
