import Files
import Platform

/// Runs `reuseformer-h5index` on an open file and brings its answer, within time and size limits.
///
/// The helper may crash, hang or lie; none of that touches this process.
package struct IndexHelper: Sendable, Hashable {
    /// Path of the helper's executable.
    package let executable: String

    package init(executable: String) { self.executable = executable }

    /// Name of the helper's executable.
    static let name = "reuseformer-h5index"

    /// The helper in the folder of the running program; `nil` when there is none.
    ///
    /// It is looked for there and nowhere else: a current folder, or an environment, that the owner of a file has made
    /// must not choose which program runs.
    package static let besideProgram: IndexHelper? = ownFolder().flatMap { folder in
        let path = "\(folder)/\(name)"
        return access(path, X_OK) == 0 ? IndexHelper(executable: path) : nil
    }

    /// How a run ended.
    package enum Outcome: Equatable {
        case document([UInt8])
        /// The answer could not be read: a failed system call.
        case unread(Int32)
        /// Ended by a signal, which is what crashes and exceeded limits look like.
        case signal(Int32)
        case status(Int32)
        /// Has neither computed nor answered for longer than the limit.
        case stalled
        case tooMuch
    }

    /// Whether a signal is how an exceeded limit of processor time shows.
    static func isTimeLimit(_ signal: Int32) -> Bool { signal == SIGPROF || signal == SIGXCPU }

    /// The folder of the running program, without symbolic links; of a test bundle on macOS the folder that it lies in,
    /// since the program there is the test runner.
    private static func ownFolder() -> String? {
        #if canImport(Darwin)
        // The image that this code is in: the program, or a bundle that it has loaded.
        var image = Dl_info()
        guard dladdr(#dsohandle, &image) != 0, let name = image.dli_fname, let path = realpath(name, nil) else {
            return nil
        }
        defer { free(path) }
        let folder = PathParts(String(cString: path)).folder
        guard folder.hasSuffix(".xctest/Contents/MacOS") else { return folder }
        return PathParts(String(folder.dropLast("/Contents/MacOS".count))).folder
        #else
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return PathParts(path).folder
        #endif
    }

    /// What the helper is asked.
    package struct Request {
        var descriptor: Int32
        var offset: Int
        var byteCount: Int
        var limits: HDF5Limits

        package init(descriptor: Int32, offset: Int, byteCount: Int, limits: HDF5Limits) {
            self.descriptor = descriptor
            self.offset = offset
            self.byteCount = byteCount
            self.limits = limits
        }
    }

    /// - Throws: `FileError.helper` when the helper cannot be started, `FileError.machine` when the machine refuses.
    package func run(_ request: Request, for location: HDF5Location) throws(FileError) -> Outcome {
        var ends: [Int32] = [-1, -1]
        // The writing end must not live on in another child, or the end of the answer never comes.
        let isOpen = pipe(&ends) == 0
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        guard isOpen else { throw .machine(location, reason: "pipe: " + systemMessage(errno)) }
        let reading = ends[0], writing = ends[1]
        defer { close(reading) }

        let milliseconds = request.limits.processorMilliseconds(forBytes: request.byteCount)
        let arguments =
            [
                executable, "--offset", String(request.offset), "--length", String(request.byteCount),
                "--cpu-milliseconds", String(milliseconds),
                "--memory-bytes", String(request.limits.helperMemoryBytes),
                "--document-bytes", String(request.limits.documentBytes),
            ] + request.limits.helperArguments + ["/dev/fd/\(Self.childDescriptor)"]
        let process: pid_t
        do throws(SpawnFailure) {
            process = try spawn(arguments, file: request.descriptor, output: writing)
            close(writing)
        } catch {
            close(writing)
            let reason = "\(executable): " + systemMessage(error.code)
            // The program itself is missing or no program: everything else is the machine's.
            let isInstallation = [ENOENT, ENOTDIR, EACCES, ENOEXEC].contains(error.code)
            throw isInstallation ? .helper(location, reason: reason) : .machine(location, reason: reason)
        }

        // A fault in libhdf5 that runs in circles ends at the helper's own limit of processor time, however busy the
        // machine is. This bounds waiting: for a disk, or for a process that only pretends to be at work.
        var clock = ProgressClock(process: process, stall: request.limits.stallMilliseconds)
        let (bytes, interruption) = Self.collect(
            from: reading, limit: request.limits.documentBytes, until: &clock)
        if interruption != nil { kill(process, SIGKILL) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        if let interruption { return interruption }
        let signal = status & 0x7F
        if signal != 0 { return .signal(signal) }
        let code = (status >> 8) & 0xFF
        return code == 0 ? .document(bytes) : .status(code)
    }

    private static let childDescriptor: Int32 = 3

    private struct SpawnFailure: Error { let code: Int32 }

    private func spawn(_ arguments: [String], file: Int32, output: Int32) throws(SpawnFailure) -> pid_t {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // What a crash prints would be noise in the command's own messages.
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, file, Self.childDescriptor)
        #if canImport(Darwin)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
        // Here the helper itself closes what it inherits.
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)

        var process: pid_t = 0
        let code = withCStrings(arguments) { arguments in
            withCStrings(environment()) { environment in
                posix_spawn(&process, executable, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw SpawnFailure(code: code) }
        return process
    }

    /// Nothing of the caller's environment but where to find shared libraries.
    ///
    /// Freed and fresh memory is filled with a pattern, so that reading what was never written leads to a crash
    /// rather than to believable values.
    private func environment() -> [String] {
        let kept: [String] = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"].compactMap { (name: String) in
            getenv(name).map { "\(name)=" + String(cString: $0) }
        }
        return kept + ["LC_ALL=C", "GLIBC_TUNABLES=glibc.malloc.perturb=165"]
    }

    private static func collect(
        from descriptor: Int32, limit: Int, until clock: inout ProgressClock
    ) -> ([UInt8], Outcome?) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            guard let wait = clock.nextWait() else { return (bytes, .stalled) }
            var events = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&events, 1, Int32(clamping: wait))
            if ready < 0 && errno != EINTR { return (bytes, .unread(errno)) }
            guard ready > 0 else { continue }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return (bytes, count == 0 ? nil : .unread(errno)) }
            clock.progressed()
            bytes.append(contentsOf: buffer[0..<count])
            if bytes.count > limit { return (bytes, .tooMuch) }
        }
    }
}

/// Calls `body` with a null-terminated list of C strings.
private func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { string in strdup(string) } + [nil]
    defer { for copy in copies { free(copy) } }
    return body(copies)
}
