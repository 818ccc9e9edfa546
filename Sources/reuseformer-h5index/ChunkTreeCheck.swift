import CH5Index

/// Reads the leaves of a dataset's chunk B-tree (version 1) once more: libhdf5 rounds the coordinates in them down to
/// multiples of the chunk, so a misplaced chunk would go unseen.
///
/// Other kinds of chunk index hold no coordinates, or hold them in units of chunks.
///
/// Source: HDF5 File Format Specification 3.0, III.A.1.
struct ChunkTreeCheck {
    let chunkExtents: [UInt64]
    let addressSize: Int
    let path: [UInt8]

    /// Looks at the blocks that libhdf5 has read from a certain one on.
    func check(blocksFrom start: Int) throws(Refusal) {
        for index in start..<max(start, h5i_metadata_count()) {
            var head = [UInt8](repeating: 0, count: 8)
            let address = h5i_metadata_address(index)
            // Type 1: chunks; level 0: a leaf.
            guard h5i_read(address, head.count, &head) == 0, Array(head[0..<6]) == Array("TREE".utf8) + [1, 0] else {
                continue
            }
            try checkLeaf(at: address, entries: Int(littleEndian(head[6..<8])))
        }
    }

    private func checkLeaf(at address: UInt64, entries: Int) throws(Refusal) {
        let keySize = 8 + 8 * (chunkExtents.count + 1)
        let entrySize = keySize + addressSize
        guard entries > 0 else { return }
        var content = [UInt8](repeating: 0, count: entries * entrySize)
        // Two sibling addresses follow the head.
        guard h5i_read(address &+ UInt64(8 + 2 * addressSize), content.count, &content) == 0 else {
            throw Refusal(.corrupt, path, "the chunk index reaches beyond the end of the file")
        }
        for entry in 0..<entries {
            for (axis, extent) in chunkExtents.enumerated() {
                let at = entry * entrySize + 8 + 8 * axis
                let coordinate = littleEndian(content[at..<(at + 8)])
                guard extent > 0, coordinate.isMultiple(of: extent) else {
                    throw Refusal(.corrupt, path, "a chunk starts at \(coordinate), no multiple of \(extent)")
                }
            }
        }
    }
}
