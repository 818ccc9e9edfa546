import ModelGraph
import Platform
import Tensors

extension Exactness {
    /// Compares what two models are made of, without running either: graphs, and every tensor bit for bit.
    ///
    /// - Parameter second: The model that was read back; tensors that only `first` has belong to no node.
    /// - Throws: `VerificationError.cancelled`.
    package static func check(
        tensorsOf first: Model, against second: Model, cancellation: Cancellation? = nil
    ) throws(VerificationError) -> Exactness {
        var isEqual = first.graph == second.graph
        for (name, tensor) in second.tensors where isEqual {
            if cancellation?.isRequested == true { throw .cancelled }
            isEqual = first.tensors[name]?.hasSameBytes(as: tensor) == true
        }
        return Exactness(
            promise: .bitwise, largestDifference: isEqual ? 0 : .greatestFiniteMagnitude, isBitwise: isEqual)
    }
}
