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

    /// Whether both hold the same numbers, as they are stored or with the axes of a matrix exchanged.
    package func hasElements(of other: Tensor) -> Bool {
        if hasSameBytes(as: other) { return true }
        if shape == other.shape {
            guard dtype != other.dtype else { return false }
            return withFloats { left in other.withFloats { left.elementsEqual($0) } }
        }
        guard shape == Shape(other.shape.extents.reversed()), let turned = transposed() else { return false }
        return turned.hasElements(of: other)
    }
}
