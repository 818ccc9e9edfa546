import Platform
// Reads the index of one HDF5 file and prints it as one JSON document.
//
//     reuseformer-h5index [--offset BYTES --length BYTES] [--cpu-milliseconds N] [--memory-bytes N] [--LIMIT N] FILE
//
// LIMIT is a name of Limits.swift.
// The only program that lets libhdf5 look at a file that we did not write. It is meant to be run by the module `HDF5`,
// which trusts nothing of what it prints; it ends with status 0 when it has printed a document, be it a refusal.
import CH5Index
import JSON

struct Arguments {
    var path: String?
    var offset: UInt64 = 0
    var length: UInt64?
    var cpuMilliseconds: UInt64 = 10_000
    var memoryBytes: UInt64 = 1 << 30
    var limits = Limits()

    /// `nil` when they make no sense.
    init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let argument = rest.popFirst() {
            if argument == "--" {
                guard path == nil, let last = rest.popFirst(), rest.isEmpty else { return nil }
                path = last
            } else if argument.hasPrefix("--") {
                guard let value = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                switch argument {
                case "--offset": offset = value
                case "--length": length = value
                case "--cpu-milliseconds": cpuMilliseconds = max(value, 1)
                case "--memory-bytes": memoryBytes = value
                default:
                    guard limits.set(argument.dropFirst(2), to: Int(clamping: value)) else { return nil }
                }
            } else {
                guard path == nil else { return nil }
                path = argument
            }
        }
        if path == nil { return nil }
    }
}

func document(for arguments: Arguments) throws(Refusal) -> [UInt8] {
    let limits = arguments.limits
    for variable in ["HDF5_PLUGIN_PATH", "HDF5_PLUGIN_PRELOAD", "HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_DRIVER"] {
        unsetenv(variable)
    }
    h5i_close_from(4)
    guard let path = arguments.path else { throw Refusal(.failure, [], "no file given") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw Refusal(.failure, [], "cannot open: " + String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw Refusal(.failure, [], "not a regular file")
    }
    let fileBytes = UInt64(max(status.st_size, 0))
    let length = arguments.length ?? (fileBytes - min(arguments.offset, fileBytes))
    guard arguments.offset <= fileBytes, length <= fileBytes - arguments.offset else {
        throw Refusal(.failure, [], "it became shorter while it was read")
    }

    guard h5i_start() == 0 else { throw Refusal(.failure, [], "libhdf5 does not start") }
    // From here on nothing can be opened any more, and only now libhdf5 sees the first byte of the file.
    guard h5i_limit(arguments.memoryBytes, arguments.cpuMilliseconds, UInt64(limits.documentBytes) * 2) == 0 else {
        throw Refusal(.failure, [], "the process cannot be limited")
    }
    // Some kernels and containers have no filters of system calls. What is left then: no descriptor can be opened any
    // more, no child started, memory, time and output are limited, and the parent believes nothing.
    _ = h5i_confine()

    let file = h5i_open(descriptor, arguments.offset, length)
    guard file >= 0 else {
        let failure = LibraryFailure.last()
        throw failure.refusal([], "libhdf5 cannot open the file")
    }
    let indexer = try Indexer(file: file, byteCount: length, limits: limits)
    return try indexer.document(fileBytes: length)
}

func refusalDocument(_ refusal: Refusal) -> [UInt8] {
    var json = JSONWriter(limit: 1 << 20)
    json.object { json in
        json.number("format", 1)
        json.object("error") { json in
            json.text("kind", refusal.kind.rawValue)
            json.text("path", refusal.path)
            json.text("message", refusal.message)
        }
    }
    return json.bytes
}

/// A loop of its own: the module for files would bring libraries along that the confined process does not need.
func writeAll(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let written = write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}

guard let arguments = Arguments(CommandLine.arguments.dropFirst()) else {
    let usage =
        "usage: reuseformer-h5index [--offset BYTES --length BYTES] [--cpu-milliseconds N] [--memory-bytes N] "
        + "[--LIMIT N] FILE\n"
    write(STDERR_FILENO, usage, usage.utf8.count)
    exit(2)
}
let answer: [UInt8]
do throws(Refusal) {
    answer = try document(for: arguments)
} catch {
    answer = refusalDocument(error)
}
// _exit: libhdf5's own clean-up would walk over whatever the file has made of its memory.
_exit(writeAll(answer) ? 0 : 1)
