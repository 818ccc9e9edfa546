import ModelGraph
import Tensors

extension Exactness {
    /// Compares what two models are made of, without running either: graphs, and every tensor bit for bit.
    ///
    /// - Parameter second: The model that was read back; tensors that only `first` has belong to no node.
    package static func check(tensorsOf first: Model, against second: Model) -> Exactness {
        let isEqual =
            first.graph == second.graph
            && second.tensors.allSatisfy { first.tensors[$0.key]?.hasSameBytes(as: $0.value) == true }
        return Exactness(
            promise: .bitwise, largestDifference: isEqual ? 0 : .greatestFiniteMagnitude, isBitwise: isEqual)
    }
}
