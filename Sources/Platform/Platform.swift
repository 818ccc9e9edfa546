// The C library of the system under one name, so that no other file asks which one it is.
#if canImport(Glibc)
@_exported import Glibc
#elseif canImport(Musl)
@_exported import Musl
#elseif canImport(Darwin)
@_exported import Darwin
#endif

/// The system's text for an error number, and for what a limit of the process brings about, which one.
package func systemMessage(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    switch code {
    case EMFILE: return text + " (the limit of this process: ulimit -n)"
    case EAGAIN: return text + " (a limit of processes and threads: ulimit -u)"
    case ENOMEM: return text + " (a limit of memory: ulimit -v)"
    case EFBIG: return text + " (a limit of the size of files: ulimit -f)"
    default: return text
    }
}
