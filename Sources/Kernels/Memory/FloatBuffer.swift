import Platform

/// Float32 memory for kernels, 64-byte aligned, zeroed, freed with the object.
///
/// A class because packed weights are shared between compiled models.
///
/// `@unchecked Sendable`: packed weights are written before they are shared and never afterwards; workspaces belong to
/// one lane at a time, whose steps are ordered by the pool's barriers.
package final class FloatBuffer: @unchecked Sendable {
    package let base: UnsafeMutablePointer<Float>
    package let count: Int
    private let memory: UnsafeMutableRawPointer

    /// Large pages on Linux. A buffer of several is laid on them: a step of decoding streams all weights once, and
    /// small pages interrupt the processor's prefetching at every 4 KiB.
    private static let page = 2 << 20

    package init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        let isLarge = bytes >= 2 * Self.page
        let alignment = isLarge ? Self.page : 64
        // The system hands out large pieces zeroed: zeros of our own would touch every page of the weights twice.
        // Without memory the process ends, as it does in any allocation of Swift's.
        memory = calloc(1, bytes + alignment) ?? .allocate(byteCount: bytes + alignment, alignment: 1)
        let start = memory.alignedUp(toMultipleOf: alignment)
        #if canImport(Glibc)
        // Whether the system follows makes no difference but speed.
        if isLarge { _ = madvise(start, bytes / Self.page * Self.page, Int32(MADV_HUGEPAGE)) }
        #endif
        base = start.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    deinit { free(memory) }

    /// Gives the whole pages of some floats back to the system; they are zeros then.
    func discard(_ range: Range<Int>) {
        #if canImport(Glibc)
        let size = max(Int(sysconf(Int32(_SC_PAGESIZE))), 1)
        let first = UInt(bitPattern: base + range.lowerBound), last = UInt(bitPattern: base + range.upperBound)
        let start = (first + UInt(size) - 1) / UInt(size) * UInt(size), end = last / UInt(size) * UInt(size)
        guard start < end, let pages = UnsafeMutableRawPointer(bitPattern: start) else { return }
        // Where the system does not follow, memory stays and nothing else changes.
        _ = madvise(pages, Int(end - start), Int32(MADV_DONTNEED))
        #endif
    }
}
