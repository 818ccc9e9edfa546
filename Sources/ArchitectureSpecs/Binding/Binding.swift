import ModelGraph
import Platform
import Tensors
import WeightFiles

/// What became of a tensor of a checkpoint.
package enum TensorRole: Sendable, Hashable {
    /// Read for these parameters; several where it is cut into parts.
    case parameter([ParameterID])
    /// Another copy of the tensor that this parameter is read from, under another name.
    case copy(ParameterID)
    /// Left out on purpose, with the spec's reason.
    case ignored(String)
    /// Not known to the architecture.
    case unknown
}

extension TensorRole {
    /// The role in words.
    package var words: String {
        switch self {
        case .parameter(let ids): ids.map(\.description).joined(separator: ", ")
        case .copy: "a copy of another tensor"
        case .ignored(let reason): "left out: \(reason)"
        case .unknown: "not used"
        }
    }
}

/// A parameter of a graph together with the stored tensors that give it.
package struct BoundParameter: Sendable {
    /// The parameter.
    package let id: ParameterID
    /// Shape of the parameter, `[in, out]` for matrices.
    package let shape: Shape
    /// The tensors that it is made from: one, unless it is computed.
    package let tensors: [StoredTensor]
    /// How it is made from them.
    let source: ParameterSources.Source

    /// Reads the parameter.
    ///
    /// - Returns: `nil` when the tensors' contents do not give it.
    package func read() throws(FileError) -> Tensor? {
        var contents: [Tensor] = []
        for tensor in tensors { contents.append(try tensor.read()) }
        guard let computation = source.computation else {
            return contents.first.flatMap { source.layout.parameter(from: $0, shape: shape) }
        }
        return computation.make(contents)?.reshaped(shape)
    }
}

/// Which tensor each parameter of a graph is read from.
package struct Binding: Sendable {
    /// A parameter that no tensor gives.
    package struct Missing: Sendable {
        /// The parameter.
        package let id: ParameterID
        /// Shape of the parameter.
        package let shape: Shape
        /// Common names that were looked for.
        package let names: [String]
        /// Shape in which it was expected in the file.
        package let storedShape: Shape
        /// The number that leaves the layer's result as it would be without the parameter; `nil`: there is none.
        package let neutral: Float?
    }

    /// Parameters that can be read.
    package let parameters: [BoundParameter]
    /// By the dialect's common name.
    package let roles: [String: TensorRole]
    /// Parameters that cannot.
    package let missing: [Missing]
    /// Tensors of a wrong shape or type, and tensors that the architecture does not know.
    package let misfits: [Problem]
    /// One a missing parameter, with the nearest candidates.
    package let absences: [Problem]

    /// Everything that does not fit; empty for a sound checkpoint.
    package var problems: [Problem] { absences + misfits }
}
