import Files

extension Tensor {
    /// SHA-256 of the elements' little-endian bytes in row-major order.
    package var digest: Digest { withUnsafeBytes { Digest(of: $0) } }
}
