import Archives
import Files
import Platform
import Tensors

/// Writes a `.npz` archive, one array after the other, uncompressed; tensors are not copied.
///
///     var archive = try NumPyArchiveWriter(path: path)
///     try archive.append(embeddings, named: "embeddings")
///     try archive.close()
///
/// The same calls give the same bytes: members carry the earliest date that zip has.
package struct NumPyArchiveWriter: ~Copyable {
    private var output: FileOutput
    private var entries: [Entry] = []
    private var names: Set<[UInt8]> = []

    private struct Entry {
        var name: [UInt8]
        var checksum: UInt32
        var byteCount: Int
        var offset: Int
    }

    /// Creates the file, or empties it.
    package init(path: String) throws(FileError) {
        output = try FileOutput(path: path)
    }

    /// Appends an array.
    ///
    /// - Parameters:
    ///   - tensor: Of any type; bfloat16, which NumPy does not have, becomes float32.
    ///   - name: Without `.npy`; each may appear once.
    package mutating func append(_ tensor: Tensor, named name: String) throws(FileError) {
        let member = Array(name.utf8) + Array(".npy".utf8)
        guard member.count <= Int(UInt16.max), names.insert(member).inserted else {
            throw FileError(.unsupported, path: output.path, array: name, "its name is too long or taken already")
        }
        let tensor = tensor.dtype == .bfloat16 ? tensor.float32() : tensor
        let header = NumPyHeader(dtype: tensor.dtype, shape: tensor.shape).encoded()
        let headerChecksum = header.withUnsafeBytes { zipChecksum($0) }
        let entry = Entry(
            name: member, checksum: tensor.withUnsafeBytes { zipChecksum($0, continuing: headerChecksum) },
            byteCount: header.count + tensor.byteCount, offset: output.position)
        entries.append(entry)
        try output.write(localHeader(entry))
        try output.write(header)
        try output.write(contentsOf: tensor)
    }

    /// Writes the directory and closes the file.
    package consuming func close() throws(FileError) {
        let start = output.position
        for entry in entries { try output.write(directoryEntry(entry)) }
        try output.write(endRecords(start: start, size: output.position - start))
        try output.close()
    }

    // MARK: Records

    private static let largest = Int(UInt32.max)

    /// The fields that local header and directory entry share, from the version needed to the sizes of the names.
    private func commonFields(_ entry: Entry, isWide: Bool, extraSize: Int) -> [UInt8] {
        // Bit 11: the name is UTF-8. Date: 1 January 1980.
        let flags = entry.name.allSatisfy { $0 < 0x80 } ? 0 : 0x0800
        let size = isWide ? Self.largest : entry.byteCount
        return field(isWide ? 45 : 20, 2) + field(flags, 2) + field(0, 2) + field(0, 2) + field(0x21, 2)
            + field(Int(entry.checksum), 4) + field(size, 4) + field(size, 4) + field(entry.name.count, 2)
            + field(extraSize, 2)
    }

    private func localHeader(_ entry: Entry) -> [UInt8] {
        let isWide = entry.byteCount >= Self.largest
        let extra = isWide ? field(1, 2) + field(16, 2) + field(entry.byteCount, 8) + field(entry.byteCount, 8) : []
        return field(0x0403_4B50, 4) + commonFields(entry, isWide: isWide, extraSize: extra.count) + entry.name + extra
    }

    private func directoryEntry(_ entry: Entry) -> [UInt8] {
        let isWide = entry.byteCount >= Self.largest || entry.offset >= Self.largest
        var extra: [UInt8] = []
        if isWide {
            let sizes = field(entry.byteCount, 8) + field(entry.byteCount, 8) + field(entry.offset, 8)
            extra = field(1, 2) + field(sizes.count, 2) + sizes
        }
        return field(0x0201_4B50, 4) + field(isWide ? 45 : 20, 2)
            + commonFields(entry, isWide: isWide, extraSize: extra.count) + field(0, 2) + field(0, 2) + field(0, 2)
            + field(0, 4) + field(isWide ? Self.largest : entry.offset, 4) + entry.name + extra
    }

    private func endRecords(start: Int, size: Int) -> [UInt8] {
        let count = entries.count
        let isWide = count >= 0xFFFF || start >= Self.largest || size >= Self.largest
        var records: [UInt8] = []
        if isWide {
            let record = field(44, 8) + field(45, 2) + field(45, 2) + field(0, 4) + field(0, 4)
            records +=
                field(0x0606_4B50, 4) + record + field(count, 8) + field(count, 8) + field(size, 8) + field(start, 8)
            records += field(0x0706_4B50, 4) + field(0, 4) + field(start + size, 8) + field(1, 4)
        }
        let shown = min(count, 0xFFFF)
        return records + field(0x0605_4B50, 4) + field(0, 2) + field(0, 2) + field(shown, 2) + field(shown, 2)
            + field(min(size, Self.largest), 4) + field(min(start, Self.largest), 4) + field(0, 2)
    }

    /// A number in little-endian bytes.
    private func field(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
