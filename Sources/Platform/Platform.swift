// The C library of the system under one name, so that no other file asks which one it is.
#if canImport(Glibc)
@_exported import Glibc
#elseif canImport(Musl)
@_exported import Musl
#elseif canImport(Darwin)
@_exported import Darwin
#endif

/// The system's text for an error number.
package func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
