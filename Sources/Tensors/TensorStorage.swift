import Platform

/// Bytes of one or more tensors: memory of our own, a part of something that stays alive (a mapped file), or bytes that
/// are computed whenever they are read.
///
/// A class, because identity and lifetime are its point: tensors share it and never copy it.
///
/// `@unchecked Sendable`: the bytes are written only inside the initialiser, before the object is shared,
/// and are immutable afterwards.
package final class TensorStorage: @unchecked Sendable {
    /// Alignment of memory that we allocate, in bytes: a cache line and a 512-bit register.
    package static let alignment = 64

    private enum Source {
        case memory(UnsafeRawBufferPointer, owner: AnyObject?)
        case computed(@Sendable (UnsafeMutableRawBufferPointer) -> Void)
    }

    private let source: Source

    /// Number of bytes.
    package let byteCount: Int

    /// Allocates `byteCount` zeroed bytes and lets `fill` write them.
    package init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        let used = UnsafeMutableRawBufferPointer(rebasing: memory[0..<byteCount])
        do { try fill(used) } catch {
            memory.deallocate()
            throw error
        }
        source = .memory(UnsafeRawBufferPointer(used), owner: nil)
        self.byteCount = byteCount
    }

    /// Wraps bytes that `owner` keeps alive and unchanged.
    ///
    /// - Parameters:
    ///   - bytes: Valid for as long as `owner` lives.
    ///   - owner: A mapped file, for instance.
    package init(unsafeBytes bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        source = .memory(bytes, owner: owner)
        byteCount = bytes.count
    }

    /// Bytes that take no memory until they are looked at, and none afterwards.
    ///
    /// For what is cut out of a mapped file: a model far larger than memory can then be rewritten tensor by tensor.
    ///
    /// - Parameter compute: Writes all bytes, the same ones every time, into zeroed memory.
    package static func computed(
        byteCount: Int, by compute: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
    ) -> TensorStorage {
        TensorStorage(.computed(compute), byteCount: byteCount)
    }

    private init(_ source: Source, byteCount: Int) {
        self.source = source
        self.byteCount = byteCount
    }

    deinit {
        if case .memory(let bytes, owner: nil) = source, let base = bytes.baseAddress {
            UnsafeMutableRawPointer(mutating: base).deallocate()
        }
    }

    /// Calls `body` with all bytes.
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        switch source {
        case .memory(let bytes, _): return try body(bytes)
        case .computed(let compute):
            let memory = TensorStorage(byteCount: byteCount) { compute($0) }
            return try memory.withUnsafeBytes(body)
        }
    }

    /// Whether the byte at an offset lies at a multiple of `alignment`, 64 at most.
    func isAligned(_ offset: Int, to alignment: Int) -> Bool {
        switch source {
        case .memory(let bytes, _):
            guard let base = bytes.baseAddress else { return true }
            return (Int(bitPattern: base) + offset).isMultiple(of: alignment)
        case .computed: return offset.isMultiple(of: alignment)
        }
    }
}
