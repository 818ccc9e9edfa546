import Platform

/// The three descriptors that every program is given.
enum StandardStreams {
    /// Opens those that the caller has closed on nothing: the next file that is opened would take their number, and be
    /// written or closed as if it were a terminal.
    static func open() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is the one that is missing.
            _ = systemOpen("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
        }
    }
}

// Inside the type, its own function of that name would be meant.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
