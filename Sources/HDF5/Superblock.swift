import Files

/// The part of a superblock that we check ourselves.
///
/// Source: HDF5 File Format Specification 3.0, II.A.
package struct Superblock {
    /// Where it starts: the size of the user block.
    let offset: Int
    /// Where it ends: no data can lie before.
    package let end: Int
    let version: UInt8
    /// Whether a writer has not closed the file (version 3 only).
    let isOpenForWriting: Bool

    /// Finds the superblock at 0, 512, 1024, 2048, …
    ///
    /// - Returns: `nil` when there is no signature, or nothing readable behind it.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        let signature = FileContent.hdf5Signature
        while true {
            guard offset <= bytes.count - signature.count else { return nil }
            if bytes[offset..<(offset + signature.count)].elementsEqual(signature) { break }
            let (next, overflow) = max(offset, 256).multipliedReportingOverflow(by: 2)
            guard !overflow else { return nil }
            offset = next
        }
        self.offset = offset
        let rest = bytes.count - offset
        guard rest >= 16 else { return nil }
        version = bytes[offset + 8]
        let size: Int
        if version <= 1 {
            // Fixed part, four addresses, and the root group's symbol table entry.
            let addressSize = Int(bytes[offset + 13])
            size = (version == 0 ? 24 : 28) + 4 * addressSize + 2 * addressSize + 24
            isOpenForWriting = false
        } else {
            size = 12 + 4 * Int(bytes[offset + 9]) + 4
            isOpenForWriting = version == 3 && bytes[offset + 11] & 5 != 0
        }
        end = min(offset + size, bytes.count)
    }
}
