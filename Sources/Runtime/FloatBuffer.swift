/// Float32 memory for kernels, 64-byte aligned, zeroed, freed with the object.
///
/// A class because packed weights are shared between compiled models.
///
/// `@unchecked Sendable`: packed weights are written before they are shared and never afterwards; workspaces belong to
/// one lane at a time, whose steps are ordered by the pool's barriers.
final class FloatBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        base.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}
