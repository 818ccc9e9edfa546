import ModelGraph

/// One item of a user's data: what the model reads, and what it should say.
public struct InputItem: Sendable, Hashable {
    /// What the model reads.
    public var sequence: TokenSequence
    /// Of a pair of source and target: the ids that the rows of the target should predict, end included; empty for a
    /// source without a target, and for everything else.
    public var targetIDs: [Int32]

    public init(_ sequence: TokenSequence, targetIDs: [Int32] = []) {
        self.sequence = sequence
        self.targetIDs = targetIDs
    }
}

/// Why a user's data cannot be read.
public enum DataError: Error, Sendable, CustomStringConvertible {
    /// Texts, or arrays that do not fit the model.
    case input(InputError)
    /// A picture, or the files that say how pictures are prepared.
    case image(ImageError)
    /// An `.npz` or `.npy`.
    case arrays(NumPyError)

    public var description: String {
        switch self {
        case .input(let error): error.description
        case .image(let error): error.description
        case .arrays(let error): error.description
        }
    }
}
