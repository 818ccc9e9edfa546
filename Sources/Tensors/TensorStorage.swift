#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Bytes of one or more tensors: memory of our own, or a part of something that stays alive (a mapped file).
///
/// A class, because identity and lifetime are its point: tensors share it and never copy it.
///
/// `@unchecked Sendable`: the bytes are written only inside the initialiser, before anybody else can hold the object,
/// and are immutable afterwards.
public final class TensorStorage: @unchecked Sendable {
    /// Alignment of memory that we allocate, in bytes: a cache line and a 512-bit register.
    public static let alignment = 64

    private let bytes: UnsafeRawBufferPointer
    private let owner: AnyObject?

    /// Number of bytes.
    public var byteCount: Int { bytes.count }

    /// Allocates `byteCount` zeroed bytes and lets `fill` write them.
    public init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        let used = UnsafeMutableRawBufferPointer(rebasing: memory[0..<byteCount])
        do { try fill(used) } catch {
            memory.deallocate()
            throw error
        }
        bytes = UnsafeRawBufferPointer(used)
        owner = nil
    }

    /// Wraps bytes that `owner` keeps alive and unchanged.
    ///
    /// - Parameters:
    ///   - bytes: Valid for as long as `owner` lives.
    ///   - owner: A mapped file, for instance.
    public init(unsafeBytes bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        self.bytes = bytes
        self.owner = owner
    }

    deinit {
        if owner == nil, let base = bytes.baseAddress { UnsafeMutableRawPointer(mutating: base).deallocate() }
    }

    /// Calls `body` with all bytes.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(bytes)
    }
}
