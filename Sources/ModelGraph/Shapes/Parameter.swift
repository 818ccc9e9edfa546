import Tensors

/// A parameter's name within its node and its shape.
package struct Parameter: Sendable, Hashable {
    /// Name within the node: `weight`, `query_bias`.
    package let name: String
    /// Extents, matrices as `[in, out]`.
    package let shape: Shape

    package init(_ name: String, _ shape: Shape) {
        self.name = name
        self.shape = shape
    }
}
