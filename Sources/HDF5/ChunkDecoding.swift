import CZlib
import CZstd

/// Why a chunk cannot be decoded.
package struct ChunkFailure: Error, Equatable {
    let reason: String
}

extension IndexDocument.Filter {
    /// Undoes the filter.
    ///
    /// - Parameter capacity: More bytes than this cannot be right.
    /// - Returns: The bytes before the filter was applied.
    package func undone(_ input: UnsafeRawBufferPointer, capacity: Int) throws(ChunkFailure) -> [UInt8] {
        switch id {
        case FilterID.deflate: try Self.inflated(input, capacity: capacity)
        case FilterID.shuffle: Self.unshuffled(input, elementSize: Int(clamping: values.first ?? 1))
        case FilterID.fletcher32: try Self.withoutChecksum(input)
        case FilterID.lzf: try Self.withoutLZF(input, capacity: capacity)
        case FilterID.zstd: try Self.withoutZstd(input, capacity: capacity)
        default: throw ChunkFailure(reason: "no code for filter \(id)")
        }
    }

    private static func inflated(_ input: UnsafeRawBufferPointer, capacity: Int) throws(ChunkFailure) -> [UInt8] {
        var failure: ChunkFailure?
        let result = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            var length = uLongf(capacity)
            var consumed = uLong(input.count)
            // Both buffers are valid for the lengths given; zlib writes no more than `length` bytes.
            let status = uncompress2(
                output.baseAddress, &length, input.bindMemory(to: UInt8.self).baseAddress, &consumed)
            count = status == Z_OK ? Int(length) : 0
            if status == Z_BUF_ERROR {
                failure = ChunkFailure(reason: "deflated data are cut short or expand beyond their chunk")
            } else if status != Z_OK {
                failure = ChunkFailure(reason: "deflated data are damaged")
            }
        }
        if let failure { throw failure }
        return result
    }

    private static func withoutZstd(_ input: UnsafeRawBufferPointer, capacity: Int) throws(ChunkFailure) -> [UInt8] {
        var failed = false
        let result = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            // zstd writes no more than `capacity` bytes and reads no more than `input.count`.
            let written = ZSTD_decompress(output.baseAddress, capacity, input.baseAddress, input.count)
            failed = ZSTD_isError(written) != 0
            count = failed ? 0 : written
        }
        if failed { throw ChunkFailure(reason: "zstd data are damaged or expand beyond their chunk") }
        return result
    }

    /// Byte `b` of all elements lies together; bytes that make no whole element come last, as they are.
    private static func unshuffled(_ input: UnsafeRawBufferPointer, elementSize: Int) -> [UInt8] {
        guard elementSize > 1, input.count >= elementSize else { return Array(input) }
        let count = input.count / elementSize
        return [UInt8](unsafeUninitializedCapacity: input.count) { output, written in
            if elementSize == 4 {
                for element in 0..<count {
                    output[element * 4] = input[element]
                    output[element * 4 + 1] = input[count + element]
                    output[element * 4 + 2] = input[2 * count + element]
                    output[element * 4 + 3] = input[3 * count + element]
                }
            } else {
                for byte in 0..<elementSize {
                    for element in 0..<count { output[element * elementSize + byte] = input[byte * count + element] }
                }
            }
            for index in (count * elementSize)..<input.count { output[index] = input[index] }
            written = input.count
        }
    }

    private static func withoutChecksum(_ input: UnsafeRawBufferPointer) throws(ChunkFailure) -> [UInt8] {
        guard input.count >= 4 else { throw ChunkFailure(reason: "\(input.count) bytes cannot hold a checksum") }
        let data = UnsafeRawBufferPointer(rebasing: input[..<(input.count - 4)])
        let stored = input[(input.count - 4)...].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let computed = fletcher32(data)
        // Versions before 1.6.3 stored the halves with their bytes exchanged on little-endian machines.
        let exchanged = (computed & 0x00FF_00FF) << 8 | (computed & 0xFF00_FF00) >> 8
        guard stored == computed || stored == exchanged else {
            throw ChunkFailure(reason: "the checksum (fletcher32) is wrong")
        }
        return Array(data)
    }

    /// Fletcher's checksum over big-endian 16-bit words, as libhdf5 computes it.
    ///
    /// Source: HDF5 File Format Specification 3.0, filter 3; sums are taken modulo 65535.
    package static func fletcher32(_ data: UnsafeRawBufferPointer) -> UInt32 {
        var first: UInt32 = 0, second: UInt32 = 0
        var index = 0
        let wordEnd = data.count / 2 * 2
        while index < wordEnd {
            // 360 words: the largest number for which the sums cannot overflow 32 bits.
            let end = min(index + 720, wordEnd)
            while index < end {
                first &+= UInt32(data[index]) << 8 | UInt32(data[index + 1])
                second &+= first
                index += 2
            }
            first = (first & 0xFFFF) &+ (first >> 16)
            second = (second & 0xFFFF) &+ (second >> 16)
        }
        if data.count % 2 == 1 {
            first &+= UInt32(data[data.count - 1]) << 8
            second &+= first
            first = (first & 0xFFFF) &+ (first >> 16)
            second = (second & 0xFFFF) &+ (second >> 16)
        }
        first = (first & 0xFFFF) &+ (first >> 16)
        second = (second & 0xFFFF) &+ (second >> 16)
        return second << 16 | first
    }

    /// LZF, the fast compression of h5py: literal runs, and copies from up to 8 KiB back.
    ///
    /// Source: the format description in LibLZF's documentation.
    private static func withoutLZF(
        _ input: UnsafeRawBufferPointer, capacity: Int
    ) throws(ChunkFailure) -> [UInt8] {
        let damaged = ChunkFailure(reason: "LZF data are damaged or expand beyond their chunk")
        var output: [UInt8] = []
        output.reserveCapacity(min(capacity, max(input.count * 4, 4096)))
        var index = 0
        func next() throws(ChunkFailure) -> Int {
            guard index < input.count else { throw damaged }
            defer { index += 1 }
            return Int(input[index])
        }
        while index < input.count {
            let control = try next()
            if control < 32 {
                let count = control + 1
                guard count <= input.count - index, count <= capacity - output.count else { throw damaged }
                output.append(contentsOf: input[index..<(index + count)])
                index += count
            } else {
                var count = control >> 5
                if count == 7 { count += try next() }
                count += 2
                let distance = (control & 31) << 8 | (try next())
                guard distance < output.count, count <= capacity - output.count else { throw damaged }
                var source = output.count - distance - 1
                // Source and target may overlap: that is how runs are coded.
                for _ in 0..<count {
                    output.append(output[source])
                    source += 1
                }
            }
        }
        return output
    }
}
