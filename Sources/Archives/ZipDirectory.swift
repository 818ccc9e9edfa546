import Platform

/// The members of a zip archive, as its central directory lists them, checked against the file.
///
/// Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.
package struct ZipDirectory: Sendable {
    /// A file inside the archive.
    package struct Member: Sendable, Equatable {
        /// As it stands in the directory.
        package var name: String
        /// Where the member's data lie in the file.
        package var data: Range<Int>
        /// Size after decompression.
        package var byteCount: Int
        /// Whether the data are deflated rather than stored.
        package var isDeflated: Bool
        /// CRC-32 of the decompressed data.
        package var checksum: UInt32
    }

    /// What is wrong.
    package struct Failure: Error, Sendable, Equatable {
        /// Classes of failures.
        package enum Kind: Sendable {
            /// The archive contradicts the format or itself.
            case corrupt
            /// Sound, but encrypted or compressed in another way.
            case unsupported
            /// No memory is left for it.
            case memory

            /// The same among all errors.
            package var errorKind: ErrorKind {
                switch self {
                case .corrupt: .corrupt
                case .unsupported: .unsupported
                case .memory: .inputOutput
                }
            }
        }

        /// Class of the failure.
        package let kind: Kind
        /// The member that it is about, if it is about one.
        package let member: String?
        /// In words.
        package let reason: String
    }

    /// In the order of the directory, each name once.
    package let members: [Member]

    /// The member of a name.
    package func member(named name: String) -> Member? { members.first { $0.name == name } }

    private static let maximumMembers = 200_000
    /// Deflate cannot do better than 1032.
    private static let maximumRatio = 1100

    /// - Parameter bytes: The whole archive.
    /// - Throws: For what is no archive, contradicts itself, or is too much for its size.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        let file = ByteReader(bytes)
        let (directory, count) = try Self.locate(file)
        guard count <= Self.maximumMembers else { throw Self.corrupt(nil, "\(count) members") }
        var members: [Member] = []
        var names: Set<[UInt8]> = []
        var position = directory.lowerBound
        for _ in 0..<count {
            let (member, next) = try Self.member(file, at: position, before: directory.upperBound)
            guard names.insert(Array(member.name.utf8)).inserted else {
                throw Self.corrupt(member.name, "appears twice")
            }
            members.append(member)
            position = next
        }
        // Members that share bytes let a small file expand without bounds.
        let ranges = members.map(\.data).filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
        guard zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else {
            throw Self.corrupt(nil, "members overlap")
        }
        self.members = members
    }

    private static func corrupt(_ member: String?, _ reason: String) -> Failure {
        Failure(kind: .corrupt, member: member, reason: reason)
    }

    /// Where the central directory lies, and how many members it lists.
    private static func locate(_ file: ByteReader) throws(Failure) -> (Range<Int>, Int) {
        guard file.count > 0 else { throw corrupt(nil, "an empty file") }
        guard file.number(at: 0, bytes: 4) == 0x0403_4B50 || file.number(at: 0, bytes: 4) == 0x0605_4B50 else {
            throw corrupt(nil, "not a zip archive")
        }
        // The end record comes last, before a comment of up to 65535 bytes.
        var end = file.count - 22
        let first = max(0, end - 65_535)
        while end >= first, file.number(at: end, bytes: 4) != 0x0605_4B50 { end -= 1 }
        guard end >= first else { throw corrupt(nil, "the directory is missing: the file is cut short") }
        var count = file.number(at: end + 10, bytes: 2) ?? 0
        var size = file.number(at: end + 12, bytes: 4) ?? 0
        var offset = file.number(at: end + 16, bytes: 4) ?? 0
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF,
            file.number(at: end - 20, bytes: 4) == 0x0706_4B50
        {
            guard let record = file.number(at: end - 12, bytes: 8).flatMap({ Int(exactly: $0) }),
                file.number(at: record, bytes: 4) == 0x0606_4B50,
                let wideCount = file.number(at: record + 32, bytes: 8),
                let wideSize = file.number(at: record + 40, bytes: 8),
                let wideOffset = file.number(at: record + 48, bytes: 8)
            else { throw corrupt(nil, "the zip64 directory is broken") }
            (count, size, offset) = (wideCount, wideSize, wideOffset)
        }
        guard offset <= UInt64(end), size <= UInt64(end) - offset, count <= size / 46 + 1 else {
            throw corrupt(nil, "the directory lies outside the file")
        }
        return (Int(offset)..<Int(offset + size), Int(count))
    }

    private static func member(
        _ file: ByteReader, at position: Int, before end: Int
    ) throws(Failure) -> (Member, next: Int) {
        guard end - position >= 46, file.number(at: position, bytes: 4) == 0x0201_4B50,
            let flags = file.number(at: position + 8, bytes: 2), let method = file.number(at: position + 10, bytes: 2),
            let checksum = file.number(at: position + 16, bytes: 4),
            var packed = file.number(at: position + 20, bytes: 4), var full = file.number(at: position + 24, bytes: 4),
            let nameSize = file.integer(at: position + 28), let extraSize = file.integer(at: position + 30),
            let commentSize = file.integer(at: position + 32), var header = file.number(at: position + 42, bytes: 4),
            end - position - 46 >= nameSize + extraSize + commentSize,
            let nameBytes = file.bytes(at: position + 46, count: nameSize)
        else { throw corrupt(nil, "an entry of the directory is broken") }
        let name = String(decoding: nameBytes, as: UTF8.self)
        try readZip64(
            file, extra: (position + 46 + nameSize)..<(position + 46 + nameSize + extraSize), name, &full, &packed,
            &header)

        guard flags & 0x41 == 0 else { throw Failure(kind: .unsupported, member: name, reason: "encrypted") }
        guard method == 0 || method == 8 else {
            throw Failure(
                kind: .unsupported, member: name, reason: "compressed by method \(method); repack it stored or deflated"
            )
        }
        guard let start = Int(exactly: header), file.number(at: start, bytes: 4) == 0x0403_4B50,
            let localNameSize = file.integer(at: start + 26), let localExtraSize = file.integer(at: start + 28)
        else { throw corrupt(name, "its data are not where the directory says") }
        let first = start + 30 + localNameSize + localExtraSize
        guard let packedSize = Int(exactly: packed), let fullSize = Int(exactly: full), first <= file.count,
            packedSize <= file.count - first
        else { throw corrupt(name, "its data reach beyond the end of the file") }
        guard method == 0 ? packedSize == fullSize : fullSize / maximumRatio <= packedSize else {
            throw corrupt(name, "\(packedSize) bytes are stored for \(fullSize)")
        }
        let member = Member(
            name: name, data: first..<(first + packedSize), byteCount: fullSize, isDeflated: method == 8,
            checksum: UInt32(truncatingIfNeeded: checksum))
        return (member, position + 46 + nameSize + extraSize + commentSize)
    }

    /// Replaces sizes that do not fit into 32 bits by those of the zip64 field.
    private static func readZip64(
        _ file: ByteReader, extra: Range<Int>, _ name: String, _ full: inout UInt64, _ packed: inout UInt64,
        _ header: inout UInt64
    ) throws(Failure) {
        var position = extra.lowerBound
        while extra.upperBound - position >= 4, let id = file.number(at: position, bytes: 2),
            let size = file.integer(at: position + 2)
        {
            let end = position + 4 + size
            guard end <= extra.upperBound else { throw corrupt(name, "an extra field is broken") }
            position += 4
            defer { position = end }
            guard id == 1 else { continue }
            func take(_ value: inout UInt64) throws(Failure) {
                guard value == 0xFFFF_FFFF else { return }
                guard end - position >= 8, let wide = file.number(at: position, bytes: 8) else {
                    throw corrupt(name, "its zip64 sizes are missing")
                }
                value = wide
                position += 8
            }
            try take(&full)
            try take(&packed)
            try take(&header)
        }
    }
}

/// Little-endian numbers out of bytes; `nil` beyond the end.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }

    func number(at offset: Int, bytes size: Int) -> UInt64? {
        guard let field = self.bytes(at: offset, count: size) else { return nil }
        return field.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A 16-bit number.
    func integer(at offset: Int) -> Int? { number(at: offset, bytes: 2).map { Int($0) } }

    func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }
}
