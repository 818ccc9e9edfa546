import Tensors

/// The largest difference of two tensors' elements; infinite where their shapes differ.
package func difference(_ left: Tensor?, _ right: Tensor) -> Float {
    guard let left, left.shape == right.shape else { return .infinity }
    return zip(left.floats, right.floats).map { abs($0 - $1) }.max() ?? 0
}
