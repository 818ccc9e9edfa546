import Tensors

/// A table whose rows are looked up, as it is stored.
struct LookUpTable: Sendable {
    let values: Tensor
    /// One factor a row of 8-bit values; `nil`: the numbers themselves are stored.
    let scale: Tensor?
}
