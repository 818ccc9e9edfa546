import Platform

/// Frames over two pipes: what a program and its worker say to each other.
///
/// A frame is 16 bytes, a JSON document and numbers: the letters `RFW1`, the document's length (UInt32), the numbers'
/// length in bytes (UInt64), both little-endian, then the document, then the numbers (float32, little-endian).
struct FrameChannel {
    private let input: Int32
    private let output: Int32

    private static let magic: [UInt8] = Array("RFW1".utf8)
    private static let headerLength = 16
    /// Longest document that is taken: 512 texts of half a megabyte.
    private static let longest = 256 << 20
    /// Bytes that are made room for before any has come.
    private static let firstPiece = 64 << 10

    /// - Parameters:
    ///   - input: The descriptor that requests come from.
    ///   - output: The descriptor that answers go to.
    init(input: Int32, output: Int32) {
        self.input = input
        self.output = output
    }

    /// The document of the next request, which carries no numbers; `nil` when the other side is done.
    ///
    /// - Throws: `.corrupt` for what is no such frame, `.inputOutput` when the pipe breaks in the middle of one.
    func next() throws(FileError) -> [UInt8]? {
        guard let header = try read(Self.headerLength, mayEnd: true) else { return nil }
        guard header.starts(with: Self.magic) else { throw broken("what comes in does not begin with RFW1") }
        let lengths = header.withUnsafeBytes { bytes in
            (
                UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        guard lengths.0 <= Self.longest else {
            throw broken("a frame is longer than \(Self.longest) bytes; send fewer texts at once")
        }
        guard lengths.1 == 0 else { throw broken("a request carries no numbers") }
        return try read(Int(lengths.0), mayEnd: false)
    }

    /// Writes a frame.
    ///
    /// - Parameter numbers: float32 in row-major order.
    func send(_ document: [UInt8], numbers: [Float] = []) throws(FileError) {
        var frame = Self.magic
        frame.reserveCapacity(Self.headerLength + document.count)
        withUnsafeBytes(of: UInt32(document.count).littleEndian) { frame += $0 }
        withUnsafeBytes(of: UInt64(numbers.count * 4).littleEndian) { frame += $0 }
        frame += document
        try write(frame)
        // Every processor that this runs on stores numbers the way frames do.
        try write(numbers)
    }

    /// Memory grows with what has come, not with the length that a header promises: to twice as much at most.
    private func read(_ count: Int, mayEnd: Bool) throws(FileError) -> [UInt8]? {
        var bytes: [UInt8] = []
        var filled = 0
        while filled < count {
            if filled == bytes.count {
                bytes.append(
                    contentsOf: repeatElement(0, count: min(count - filled, max(filled, Self.firstPiece))))
            }
            let got = bytes.withUnsafeMutableBytes { systemRead(input, $0[filled...]) }
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw FileError("the worker's input", errno: errno) }
            if got == 0 {
                guard mayEnd, filled == 0 else {
                    throw FileError(.inputOutput, path: "the worker's input", "ends in the middle of a frame")
                }
                return nil
            }
            filled += got
        }
        return bytes
    }

    private func write(_ elements: [some BitwiseCopyable]) throws(FileError) {
        let failure: Int32? = elements.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = systemWrite(output, bytes[written...])
                if count < 0, errno == EINTR { continue }
                if count < 0 { return errno }
                written += count
            }
            return nil
        }
        if let failure { throw FileError("the worker's output", errno: failure) }
    }

    private func broken(_ problem: String) -> FileError {
        FileError(.corrupt, path: "the worker's input", problem)
    }
}

// The C library's own, which the type's functions of the same names would hide.
private func systemRead(_ descriptor: Int32, _ bytes: Slice<UnsafeMutableRawBufferPointer>) -> Int {
    let bytes = UnsafeMutableRawBufferPointer(rebasing: bytes)
    return read(descriptor, bytes.baseAddress, bytes.count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    return write(descriptor, bytes.baseAddress, bytes.count)
}
