#if canImport(Glibc)
import Glibc
#endif

/// Float32 memory for kernels, 64-byte aligned, zeroed, freed with the object.
///
/// A class because packed weights are shared between compiled models.
///
/// `@unchecked Sendable`: packed weights are written before they are shared and never afterwards; workspaces belong to
/// one lane at a time, whose steps are ordered by the pool's barriers.
final class FloatBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    /// Large pages on Linux. A buffer of several is laid on them: a step of decoding streams all weights once, and
    /// small pages interrupt the processor's prefetching at every 4 KiB.
    private static let page = 2 << 20

    init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * 4
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: bytes < 2 * Self.page ? 64 : Self.page)
        #if canImport(Glibc)
        // Whether the system follows makes no difference but speed.
        if bytes >= 2 * Self.page { _ = madvise(memory, bytes / Self.page * Self.page, Int32(MADV_HUGEPAGE)) }
        #endif
        base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        base.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}
