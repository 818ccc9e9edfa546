import Files
import Platform
import Tensors

/// The first 512 bytes of a `.reuse.h5`: what it is, how long, and the digest of everything behind them.
package struct UserBlock: Sendable, Hashable {
    static let byteCount = 512
    /// A high first byte and a line end that careless transfers damage, as in PNG.
    static let magic: [UInt8] = [0x89] + Array("REUSE\r\n".utf8)
    /// Versions that this program reads (`ReuseFile.versions`).
    static let versions = ReuseFile.versions
    /// Bytes that the block's own digest covers; the digest follows them, then zeros.
    private static let coveredByteCount = 64

    /// Version of the format that the file is in.
    let version: Int
    /// Length of the whole file.
    let fileLength: UInt64
    /// Where the block table starts.
    let tableOffset: UInt64
    /// SHA-256 of the block table.
    let digest: Digest

    init(version: Int, fileLength: UInt64, tableOffset: UInt64, digest: Digest) {
        self.version = version
        self.fileLength = fileLength
        self.tableOffset = tableOffset
        self.digest = digest
    }

    /// Whether a file is meant to be a `.reuse.h5`: enough of its magic, so that one damaged byte is still reported as
    /// damage and not as an unknown file.
    static func isAnnounced(by bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= magic.count else { return false }
        return magic.indices.count { bytes[$0] == magic[$0] } >= magic.count - 1
    }

    /// Reads the block at the start of a file.
    ///
    /// - Throws: What contradicts the format.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
        func integer<Value: FixedWidthInteger>(_ offset: Int, _ type: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard bytes.count >= Self.byteCount else {
            throw Problem(.corrupt, "is cut off inside its user block (\(bytes.count) of \(Self.byteCount) bytes)")
        }
        guard bytes.prefix(Self.magic.count).elementsEqual(Self.magic) else {
            throw Problem(.corrupt, "user block: the magic is damaged")
        }
        // First of all, so that damage to the version is not taken for a newer version.
        let covered = Self.coveredByteCount
        guard bytes[covered..<covered + 32].elementsEqual(Digest(of: .init(rebasing: bytes[..<covered])).bytes) else {
            throw Problem(.corrupt, "the user block (bytes 0 to \(Self.byteCount)) is damaged")
        }
        let version = integer(8, UInt32.self)
        guard Self.versions.contains(Int(version)) else {
            throw Problem(
                .unsupported, "user block: format version \(version); this program reads \(ReuseFile.readable)")
        }
        self.version = Int(version)
        guard integer(12, UInt32.self) == UInt32(Self.byteCount),
            bytes[(covered + 32)..<Self.byteCount].allSatisfy({ $0 == 0 })
        else { throw Problem(.corrupt, "the user block (bytes 0 to \(Self.byteCount)) is damaged") }
        fileLength = integer(16, UInt64.self)
        guard fileLength == UInt64(bytes.count) else {
            throw Problem(.corrupt, "user block: the file has \(bytes.count) bytes, \(fileLength) were written")
        }
        tableOffset = integer(24, UInt64.self)
        let table = BlockDigests.table(ofContents: tableOffset)
        guard let table, table.endOffset == fileLength else {
            throw Problem(.corrupt, "user block: the block table does not fit the file's length")
        }
        guard let digest = Digest(bytes: Array(bytes[32..<64])) else {
            throw Problem(.corrupt, "user block: no digest")
        }
        self.digest = digest
    }

    /// The 512 bytes.
    package var bytes: [UInt8] {
        var result = Self.magic
        func append<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.littleEndian) { result.append(contentsOf: $0) }
        }
        append(UInt32(version))
        append(UInt32(Self.byteCount))
        append(fileLength)
        append(tableOffset)
        result += digest.bytes
        result += Digest(of: result).bytes
        return result + [UInt8](repeating: 0, count: Self.byteCount - result.count)
    }
}
