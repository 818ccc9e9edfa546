import CH5Index

/// Our own bounds-checked reading of global heap collections, where variable-length values lie.
///
/// Source: HDF5 File Format Specification 3.0, III.E.
struct GlobalHeap {
    let baseAddress: UInt64
    let fileLength: UInt64
    let lengthSize: Int
    private var collections: [UInt64: [UInt16: [UInt8]]] = [:]

    init(baseAddress: UInt64, fileLength: UInt64, lengthSize: Int) {
        self.baseAddress = baseAddress
        self.fileLength = fileLength
        self.lengthSize = lengthSize
    }

    /// The bytes a reference points at; empty for the null reference.
    mutating func value(_ reference: h5i_heap_reference, at path: [UInt8]) throws(Refusal) -> [UInt8] {
        if reference.length == 0 || reference.address == 0 { return [] }
        guard let index = UInt16(exactly: reference.index), index != 0 else {
            throw Refusal(.corrupt, path, "a string refers to the impossible global heap object \(reference.index)")
        }
        if collections[reference.address] == nil {
            collections[reference.address] = try collection(at: reference.address, path)
        }
        guard let value = collections[reference.address]?[index] else {
            throw Refusal(.corrupt, path, "a string refers to global heap object \(index), which does not exist")
        }
        guard value.count == Int(reference.length) else {
            throw Refusal(
                .corrupt, path, "a string of \(reference.length) bytes refers to a heap object of \(value.count) bytes")
        }
        return value
    }

    private func collection(at address: UInt64, _ path: [UInt8]) throws(Refusal) -> [UInt16: [UInt8]] {
        // Headers of the heap and of its objects have the same size, a multiple of eight.
        let headerSize = (8 + lengthSize + 7) / 8 * 8
        let start = address &+ baseAddress
        guard start >= address, start < fileLength else {
            throw Refusal(.corrupt, path, "a string lies in a global heap outside the file, at \(address)")
        }
        let header = try bytes(at: start, count: headerSize, path)
        guard Array(header[0..<4]) == Array("GCOL".utf8), header[4] == 1 else {
            throw Refusal(.corrupt, path, "no global heap where a string should lie, at \(start)")
        }
        let size = littleEndian(header[8..<(8 + lengthSize)])
        guard size >= UInt64(headerSize), size <= fileLength - start, size <= 64 << 20 else {
            throw Refusal(.corrupt, path, "the global heap at \(start) claims \(size) bytes")
        }
        let content = try bytes(at: start, count: Int(size), path)

        var objects: [UInt16: [UInt8]] = [:]
        var position = headerSize
        // Less than an object's header is left over as padding.
        while content.count - position >= headerSize {
            let index = UInt16(content[position]) | UInt16(content[position + 1]) << 8
            let length = littleEndian(content[(position + 8)..<(position + 8 + lengthSize)])
            let available = content.count - position - headerSize
            if index == 0 {
                // Free space, always up to the end; its size counts its own header.
                guard length == UInt64(available + headerSize) else {
                    throw Refusal(.corrupt, path, "the free space of the global heap at \(start) does not end with it")
                }
                break
            }
            guard length <= UInt64(available) else {
                throw Refusal(.corrupt, path, "object \(index) is larger than the rest of the global heap at \(start)")
            }
            let first = position + headerSize
            let value = Array(content[first..<(first + Int(length))])
            guard objects.updateValue(value, forKey: index) == nil else {
                throw Refusal(.corrupt, path, "object \(index) appears twice in the global heap at \(start)")
            }
            position = first + (Int(length) + 7) / 8 * 8
        }
        return objects
    }

    private func bytes(at address: UInt64, count: Int, _ path: [UInt8]) throws(Refusal) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        guard h5i_read(address, count, &buffer) == 0 else {
            throw Refusal(.corrupt, path, "the global heap at \(address) reaches beyond the end of the file")
        }
        return buffer
    }
}

/// The unsigned number in up to eight little-endian bytes.
func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
}
