import ArchitectureSpecs
import WeightFiles

/// What a parameter of the graph is made from.
package enum ParameterSource: Sendable {
    /// A stored tensor of the same elements in the same order.
    case stored(StoredTensor)
    /// Computed from stored tensors.
    case computed(ParameterSources.Computation)
}
