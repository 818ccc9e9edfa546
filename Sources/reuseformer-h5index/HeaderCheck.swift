import CH5Index

/// Walks the messages of an object header before libhdf5 does, and checks the sizes that libhdf5 takes on trust.
///
/// Source: HDF5 File Format Specification 3.0, IV.A.1 (object headers) and IV.A.2.m (attributes).
struct HeaderCheck {
    let baseAddress: UInt64
    let fileLength: UInt64
    let addressSize: Int
    let lengthSize: Int

    /// Bytes of all blocks of one header: attributes of up to 64 KiB each, and many of them.
    private static let maximumBytes = 64 << 20
    private static let maximumBlocks = 10_000

    private enum MessageType {
        static let attribute = 0x0C
        static let continuation = 0x10
    }

    func check(objectAt address: UInt64, _ path: [UInt8]) throws(Refusal) {
        let start = address &+ baseAddress
        guard start >= address, start < fileLength, fileLength - start >= 16 else {
            throw Refusal(.corrupt, path, "its header lies outside the file")
        }
        let prefix = try bytes(at: start, count: 16, path)
        if Array(prefix[0..<4]) == Array("OHDR".utf8) {
            try checkChecksummed(at: start, flags: prefix[5], path)
        } else {
            guard prefix[0] == 1 else { throw Refusal(.corrupt, path, "an object header of version \(prefix[0])") }
            try checkPlain(at: start, prefix, path)
        }
    }

    // MARK: Version 1

    private func checkPlain(at start: UInt64, _ prefix: [UInt8], _ path: [UInt8]) throws(Refusal) {
        let claimed = Int(littleEndian(prefix[2..<4]))
        var blocks: [(address: UInt64, size: UInt64)] = [(start + 16, littleEndian(prefix[8..<12]))]
        var next = 0, total = 0
        while next < blocks.count {
            let block = blocks[next]
            next += 1
            let content = try self.block(at: block.address, size: block.size, total: &total, path)
            try eachMessage(in: content, headerSize: 8, path) { (type, flags, body) throws(Refusal) in
                if type == MessageType.continuation { try append(body, to: &blocks, path) }
                if type == MessageType.attribute, flags & 2 == 0 { try checkAttribute(body, path) }
            }
        }
        // Old libraries miscount, but eight bytes a message are the least.
        guard claimed * 8 <= total else {
            throw Refusal(.corrupt, path, "its header of \(total) bytes claims \(claimed) messages")
        }
    }

    // MARK: Version 2

    private func checkChecksummed(at start: UInt64, flags: UInt8, _ path: [UInt8]) throws(Refusal) {
        let sizeBytes = 1 << Int(flags & 3)
        let prefixSize = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0) + sizeBytes
        let prefix = try bytes(at: start, count: prefixSize, path)
        let messageHeader = flags & 4 != 0 ? 6 : 4
        var blocks: [(address: UInt64, size: UInt64)] = [
            (start + UInt64(prefixSize), littleEndian(prefix[(prefixSize - sizeBytes)...]))
        ]
        var next = 0, total = 0
        while next < blocks.count {
            let block = blocks[next]
            var content = try self.block(at: block.address, size: block.size, total: &total, path)
            if next > 0 {
                // Later blocks carry a signature and a checksum inside their size.
                guard content.count >= 8, Array(content[0..<4]) == Array("OCHK".utf8) else {
                    throw Refusal(.corrupt, path, "the continuation of its header is not one")
                }
                content = Array(content[4..<(content.count - 4)])
            }
            next += 1
            try eachMessage(in: content, headerSize: messageHeader, path) { (type, flags, body) throws(Refusal) in
                if type == MessageType.continuation { try append(body, to: &blocks, path) }
                if type == MessageType.attribute, flags & 2 == 0 { try checkAttribute(body, path) }
            }
        }
    }

    // MARK: Both

    private func append(
        _ message: ArraySlice<UInt8>, to blocks: inout [(address: UInt64, size: UInt64)], _ path: [UInt8]
    ) throws(Refusal) {
        guard message.count >= addressSize + lengthSize, blocks.count < Self.maximumBlocks else {
            throw Refusal(.corrupt, path, "the continuation of its header is broken")
        }
        let split = message.startIndex + addressSize
        let address = littleEndian(message[..<split]) &+ baseAddress
        guard !blocks.contains(where: { $0.address == address }) else {
            throw Refusal(.corrupt, path, "its header continues in itself")
        }
        blocks.append((address, littleEndian(message[split..<(split + lengthSize)])))
    }

    private func eachMessage(
        in content: [UInt8], headerSize: Int, _ path: [UInt8],
        _ body: (_ type: Int, _ flags: UInt8, _ content: ArraySlice<UInt8>) throws(Refusal) -> Void
    ) throws(Refusal) {
        var position = 0
        // Less than a message header is a gap.
        while content.count - position >= headerSize {
            let isPlain = headerSize == 8
            let type = isPlain ? Int(littleEndian(content[position..<(position + 2)])) : Int(content[position])
            let sizeAt = position + (isPlain ? 2 : 1)
            let size = Int(littleEndian(content[sizeAt..<(sizeAt + 2)]))
            let flags = content[sizeAt + 2]
            let first = position + headerSize
            guard size <= content.count - first else {
                throw Refusal(.corrupt, path, "a message of its header is larger than the header")
            }
            try body(type, flags, content[first..<(first + size)])
            position = first + size
        }
    }

    private func checkAttribute(_ message: ArraySlice<UInt8>, _ path: [UInt8]) throws(Refusal) {
        let message = Array(message)
        guard message.count >= 8, (1...3).contains(message[0]) else {
            throw Refusal(.corrupt, path, "an attribute message of \(message.count) bytes")
        }
        let isPadded = message[0] == 1
        let sizes = (0..<3).map { Int(littleEndian(message[(2 + $0 * 2)..<(4 + $0 * 2)])) }
        let padded = sizes.map { isPadded ? ($0 + 7) / 8 * 8 : $0 }
        let typeStart = (message[0] == 3 ? 9 : 8) + padded[0]
        let spaceStart = typeStart + padded[1]
        let dataStart = spaceStart + padded[2]
        guard sizes[0] > 0, dataStart <= message.count else {
            throw Refusal(.corrupt, path, "an attribute is larger than the message it lies in")
        }
        guard message[typeStart - padded[0]..<typeStart].contains(0) else {
            throw Refusal(.corrupt, path, "the name of an attribute does not end")
        }
        // A shared type or shape lies elsewhere.
        let isShared = !isPadded && message[1] & 3 != 0
        guard !isShared, sizes[1] >= 8, sizes[2] >= 4 else { return }
        let elementSize = littleEndian(message[(typeStart + 4)..<(typeStart + 8)])
        guard let count = elementCount(inDataspace: message[spaceStart..<(spaceStart + sizes[2])]) else {
            throw Refusal(.corrupt, path, "the shape of an attribute is broken")
        }
        let (needed, overflow) = count.multipliedReportingOverflow(by: elementSize)
        guard !overflow, needed <= UInt64(message.count - dataStart) else {
            throw Refusal(.corrupt, path, "the values of an attribute reach beyond its message")
        }
    }

    private func elementCount(inDataspace space: ArraySlice<UInt8>) -> UInt64? {
        let first = space.startIndex
        let rank = Int(space[first + 1])
        let isOld = space[first] == 1
        if !isOld, space[first + 3] == 2 { return 0 }
        let start = first + (isOld ? 8 : 4)
        guard rank <= 32, start + rank * lengthSize <= space.endIndex else { return nil }
        var count: UInt64 = 1
        for axis in 0..<rank {
            let at = start + axis * lengthSize
            let (next, overflow) = count.multipliedReportingOverflow(by: littleEndian(space[at..<(at + lengthSize)]))
            guard !overflow else { return nil }
            count = next
        }
        return count
    }

    private func block(
        at address: UInt64, size: UInt64, total: inout Int, _ path: [UInt8]
    ) throws(Refusal) -> [UInt8] {
        guard size <= UInt64(Self.maximumBytes - total) else {
            throw Refusal(.corrupt, path, "its header claims \(size) bytes")
        }
        total += Int(size)
        return try bytes(at: address, count: Int(size), path)
    }

    private func bytes(at address: UInt64, count: Int, _ path: [UInt8]) throws(Refusal) -> [UInt8] {
        guard address <= fileLength, UInt64(count) <= fileLength - address else {
            throw Refusal(.corrupt, path, "its header reaches beyond the end of the file")
        }
        var buffer = [UInt8](repeating: 0, count: max(count, 1))
        guard count == 0 || h5i_read(address, count, &buffer) == 0 else {
            throw Refusal(.corrupt, path, "its header cannot be read")
        }
        return Array(buffer.prefix(count))
    }
}
