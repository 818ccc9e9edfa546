import Platform
import Synchronization

/// Names of files that are being written and must go when a signal ends the process: a table of fixed memory, so that a
/// signal handler may read it.
enum PendingFiles {
    /// Files written at one time; those beyond stay where a signal ends the process, until the next writer takes them.
    private static let slotCount = 64
    /// Longest path that systems take, with its zero.
    private static let pathBytes = 4096

    /// Whether each slot holds a path that is to be removed.
    nonisolated(unsafe) private static let isTaken: UnsafeMutablePointer<Atomic<Bool>> = {
        let flags = UnsafeMutablePointer<Atomic<Bool>>.allocate(capacity: slotCount)
        for slot in 0..<slotCount { (flags + slot).initialize(to: Atomic(false)) }
        return flags
    }()
    // Written under the lock of the owners, read by a handler once a flag says so.
    nonisolated(unsafe) private static let paths = UnsafeMutablePointer<CChar>.allocate(capacity: slotCount * pathBytes)
    private static let owners = Lock<[String: Int]>([:])

    /// Makes the table, which a signal handler must not do.
    static func prepare() { _ = (isTaken, paths) }

    static func insert(_ path: String) {
        owners.withLock { owners in
            let used = Set(owners.values)
            guard path.utf8.count < pathBytes, let slot = (0..<slotCount).first(where: { !used.contains($0) }) else {
                return
            }
            owners[path] = slot
            var target = paths + slot * pathBytes
            for byte in path.utf8 {
                target.pointee = CChar(bitPattern: byte)
                target += 1
            }
            target.pointee = 0
            isTaken[slot].store(true, ordering: .releasing)
        }
    }

    static func remove(_ path: String) {
        owners.withLock { owners in
            guard let slot = owners.removeValue(forKey: path) else { return }
            isTaken[slot].store(false, ordering: .releasing)
        }
    }

    static func contains(_ path: String) -> Bool { owners.withLock { $0[path] != nil } }

    /// Removes all of the files: takes no lock and no memory.
    static func unlinkAll() {
        for slot in 0..<slotCount where isTaken[slot].load(ordering: .acquiring) { unlink(paths + slot * pathBytes) }
    }
}
