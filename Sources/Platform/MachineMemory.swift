/// The memory that this machine has.
package enum MachineMemory {
    /// Bytes of physical memory: a single allocation above it cannot be served, and failing to serve one ends the
    /// process, so sizes that a file names are compared with it.
    package static let byteCount: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES)), size = sysconf(Int32(_SC_PAGESIZE))
        let (product, overflow) = pages.multipliedReportingOverflow(by: size)
        // A system that does not tell is taken to be small.
        return pages > 0 && size > 0 && !overflow ? product : 4 << 30
    }()
}
