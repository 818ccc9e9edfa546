import Platform

/// Standard output as a file.
package enum StandardOutput {
    package static func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withBytes { (bytes) throws(FileError) in try write(bytes) }
    }

    package static func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let written = systemWrite(STDOUT_FILENO, piece.baseAddress, piece.count)
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                // A reader that goes away has seen enough.
                return
            } else if errno != EINTR {
                throw FileError("standard output", errno: errno)
            }
        }
    }
}

// Inside the type, its own function of that name would be meant.
private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, base, count)
}
