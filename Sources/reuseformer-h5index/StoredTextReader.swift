import CH5Index

/// Reads strings, of attributes and datasets, within limits.
struct StoredTextReader: ~Copyable {
    var heap: GlobalHeap

    /// The texts that `read` brings, without padding.
    ///
    /// - Parameter read: Reads all elements as the given memory type into the buffer, by H5Aread or H5Dread.
    mutating func texts(
        count: Int, text: ElementType.Text, type: hid_t, size: Int, budget: inout Budget, at path: [UInt8],
        read: (hid_t, UnsafeMutableRawPointer) -> herr_t
    ) throws(Refusal) -> [[UInt8]] {
        switch text {
        case .fixed(let padding):
            let (total, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow else { throw Refusal(.limit, path, "too much text") }
            try budget.spend(total, at: path)
            var buffer = [UInt8](repeating: 0, count: max(total, 1))
            let status = buffer.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { read(type, $0) } ?? -1
            }
            try checked(status, path, "text cannot be read")
            return (0..<count).map { Self.unpadded(buffer[($0 * size)..<(($0 + 1) * size)], padding) }

        case .variable(let characterSet):
            // A reference takes 16 bytes in the file; the value is charged when it is read.
            let (total, overflow) = count.multipliedReportingOverflow(by: 16)
            guard !overflow else { throw Refusal(.limit, path, "too much text") }
            try budget.spend(total, at: path)
            let memoryType = try Handle(h5i_create_variable_string(characterSet), path, "no type for text")
            var pointers = [UInt](repeating: 0, count: max(count, 1))
            h5i_capture_reset(count)
            let status = pointers.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { read(memoryType.id, $0) } ?? -1
            }
            try checked(status, path, "text cannot be read")
            guard h5i_captured_count() == count else {
                throw Refusal(.corrupt, path, "\(h5i_captured_count()) of \(count) texts could be found")
            }
            // Many references may name one long text; all are charged before any is read.
            let references = (0..<count).compactMap { h5i_captured($0)?.pointee }
            for reference in references { try budget.spend(Int(reference.length), at: path) }
            var values: [[UInt8]] = []
            values.reserveCapacity(count)
            for reference in references {
                values.append(Self.unpadded(try heap.value(reference, at: path)[...], H5T_STR_NULLTERM))
            }
            return values
        }
    }

    private static func unpadded(_ bytes: ArraySlice<UInt8>, _ padding: H5T_str_t) -> [UInt8] {
        switch padding {
        case H5T_STR_NULLTERM:
            return Array(bytes.prefix { $0 != 0 })
        case H5T_STR_SPACEPAD:
            let end = bytes.lastIndex { $0 != UInt8(ascii: " ") }
            return end.map { Array(bytes[...$0]) } ?? []
        default:
            let end = bytes.lastIndex { $0 != 0 }
            return end.map { Array(bytes[...$0]) } ?? []
        }
    }
}

/// Extents of a dataspace; `nil` for the null dataspace, an empty list for a scalar.
func extents(of space: hid_t, at path: [UInt8]) throws(Refusal) -> [UInt64]? {
    switch H5Sget_simple_extent_type(space) {
    case H5S_NULL: return nil
    case H5S_SCALAR: return []
    case H5S_SIMPLE: break
    default: throw Refusal(.corrupt, path, "the shape cannot be read")
    }
    let rank = Int(try checked(H5Sget_simple_extent_ndims(space), path, "the shape cannot be read"))
    guard rank <= 32 else { throw Refusal(.corrupt, path, "\(rank) axes") }
    var result = [hsize_t](repeating: 0, count: rank)
    if rank > 0 {
        try checked(H5Sget_simple_extent_dims(space, &result, nil), path, "the shape cannot be read")
    }
    return result
}

/// The product of extents, if it fits into `Int` with `size` bytes an element.
func elementCount(_ extents: [UInt64], size: Int) -> Int? {
    var product: UInt64 = UInt64(max(size, 1))
    for extent in extents {
        // An empty axis must not hide an absurd one.
        let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
        guard !overflow, next <= UInt64(Int.max) else { return nil }
        product = next
    }
    return extents.contains(0) ? 0 : Int(product) / max(size, 1)
}
