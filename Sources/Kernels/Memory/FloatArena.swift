/// Memory for many matrices, handed out piece by piece from large buffers.
///
/// A matrix of a megabyte has no large page to itself; side by side they share them. Products read so many weights that
/// small pages would be looked up anew all the time.
package final class FloatArena {
    /// Floats of one buffer: more than the allocator ever takes from its heap, so that what is not used costs nothing.
    private static let chunk = 16 << 20

    private var buffer = FloatBuffer(count: 0)
    private var used = 0

    /// A piece of zeroed memory, 64-byte aligned.
    package func piece(count: Int) -> FloatPiece {
        if buffer.count - used < count {
            guard count < Self.chunk / 2 else { return FloatPiece(FloatBuffer(count: count)) }
            buffer = FloatBuffer(count: Self.chunk)
            used = 0
        }
        defer { used += KernelSet.padded(count) }
        return FloatPiece(buffer, offset: used)
    }
}

/// A part of a buffer, which it keeps alive.
package struct FloatPiece: Sendable {
    private let buffer: FloatBuffer
    private let offset: Int

    package init(_ buffer: FloatBuffer, offset: Int = 0) {
        self.buffer = buffer
        self.offset = offset
    }

    package var base: UnsafeMutablePointer<Float> { buffer.base + offset }

    /// Gives memory back to the system, whole pages of it; what is written there again may be read again.
    ///
    /// - Parameter count: Floats of the piece.
    func discard(count: Int) { buffer.discard(offset..<offset + count) }
}
