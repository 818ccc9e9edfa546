import Platform

/// What a handler reads; set before it is installed. Outside the type: a handler may capture nothing.
nonisolated(unsafe) private var probeByteCount = 0
nonisolated(unsafe) private var isAddressSpace = false

/// The end of memory under a limit (`ulimit -v`, `prlimit --data`): a failed allocation ends a Swift program by a
/// signal, with a dump of all threads. It is the machine's, so the command ends as one that could not write a file.
enum MemoryLimit {
    /// Listens where the process has a limit of memory; elsewhere signals of faults do what they always do.
    static func install() {
        #if canImport(Glibc)
        let space = limit(RLIMIT_AS), data = limit(RLIMIT_DATA)
        guard let tighter = [space, data].compactMap(\.self).min() else { return }
        isAddressSpace = space != nil
        // What fails may be one large tensor while smaller pieces are still there.
        probeByteCount = max(tighter / 4, 128 << 20)
        // A stack that cannot grow has no room for its handler.
        let size = 64 << 10
        var stack = stack_t()
        stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        stack.ss_size = size
        sigaltstack(&stack, nil)
        LastWords.prepare()
        var action = sigaction()
        action.sa_flags = SA_ONSTACK
        action.__sigaction_handler.sa_handler = { number in
            let probe = mmap(nil, probeByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            guard probe == MAP_FAILED else {
                // There is memory: a fault of the program, which ends as such faults do.
                signal(number, SIG_DFL)
                kill(getpid(), number)
                return
            }
            if isAddressSpace {
                LastWords.end(
                    .inputOutput,
                    "reuseformer: out of memory: the limit of this process is reached (ulimit -v); raise it")
            }
            LastWords.end(
                .inputOutput, "reuseformer: out of memory: the limit of this process is reached (ulimit -d); raise it")
        }
        for number in [SIGABRT, SIGSEGV, SIGILL, SIGTRAP] { sigaction(number, &action, nil) }
        #endif
    }

    #if canImport(Glibc)
    /// A limit of this process; `nil`: none.
    private static func limit(_ resource: __rlimit_resource) -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur < UInt(Int.max) ? Int(limit.rlim_cur) : nil
    }
    #endif
}
