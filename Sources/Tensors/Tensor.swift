/// A dense, row-major, little-endian array of numbers: a view into shared storage.
///
/// A value type: copying one copies the view, never the elements.
package struct Tensor: Sendable {
    /// Element type.
    package let dtype: DType
    /// Extents, outermost first.
    package let shape: Shape
    /// The bytes that this tensor is a view of.
    package let storage: TensorStorage
    /// Where the first element starts in `storage`.
    package let byteOffset: Int

    /// Number of elements.
    package var count: Int { shape.count }
    /// Number of bytes of the elements.
    package var byteCount: Int { count * dtype.byteCount }

    /// A view of `storage` from `byteOffset` on.
    ///
    /// - Returns: `nil` when the elements would not fit into the storage.
    package init?(dtype: DType, shape: Shape, storage: TensorStorage, byteOffset: Int = 0) {
        guard byteOffset >= 0, byteOffset <= storage.byteCount,
            shape.count <= (storage.byteCount - byteOffset) / dtype.byteCount
        else { return nil }
        self.dtype = dtype
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// A float32 tensor whose zeroed elements `fill` writes.
    package init(shape: Shape, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
        dtype = .float32
        self.shape = shape
        byteOffset = 0
        storage = try TensorStorage(byteCount: shape.count * 4) { try fill($0.bindMemory(to: Float.self)) }
    }

    /// A float32 tensor from elements in row-major order.
    ///
    /// - Precondition: `elements.count == shape.count`.
    package init(_ elements: [Float], shape: Shape) {
        precondition(elements.count == shape.count, "\(elements.count) elements for shape \(shape)")
        self.init(shape: shape) { target in
            _ = target.update(fromContentsOf: elements)
        }
    }

    /// Calls `body` with the raw bytes of the elements.
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try storage.withUnsafeBytes { (bytes) throws(E) -> R in
            try body(UnsafeRawBufferPointer(rebasing: bytes[byteOffset..<byteOffset + byteCount]))
        }
    }

    /// Calls `body` with the elements as 32-bit floats, converting first where they are stored otherwise.
    ///
    /// Aligned float32 storage is passed as it is, without a copy.
    package func withFloats<R, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
        let plain = isAlignedFloat32 ? self : float32()
        return try plain.withUnsafeBytes { (bytes) throws(E) -> R in
            // The bytes hold Floats: either by the check above or because `float32()` wrote them.
            try body(bytes.assumingMemoryBound(to: Float.self))
        }
    }

    /// The elements as an array of 32-bit floats. A copy: for small tensors and tests.
    package var floats: [Float] { withFloats { Array($0) } }

    /// The same elements under another shape.
    ///
    /// - Returns: `nil` when the numbers of elements differ.
    package func reshaped(_ shape: Shape) -> Tensor? {
        guard shape.count == count else { return nil }
        return Tensor(dtype: dtype, shape: shape, storage: storage, byteOffset: byteOffset)
    }

    var isAlignedFloat32: Bool {
        dtype == .float32 && storage.isAligned(byteOffset, to: MemoryLayout<Float>.alignment)
    }
}
