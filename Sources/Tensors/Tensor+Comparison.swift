import Platform

extension Tensor {
    /// Whether both have the same type, the same shape and the same bytes.
    package func hasSameBytes(as other: Tensor) -> Bool {
        guard dtype == other.dtype, shape == other.shape else { return false }
        return withUnsafeBytes { left in
            other.withUnsafeBytes { right in
                guard let a = left.baseAddress, let b = right.baseAddress, !left.isEmpty else { return true }
                // The same bytes need no comparison.
                return a == b || memcmp(a, b, left.count) == 0
            }
        }
    }
}
