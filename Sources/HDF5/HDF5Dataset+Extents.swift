extension HDF5Dataset {
    /// Where the elements' bytes stand in the file, chunk by chunk; empty for those inside the object header.
    package var extents: [Range<Int>] {
        guard case .dataset(let description) = contents.document.objects[index].content else { return [] }
        let start = contents.region.lowerBound
        switch description.layout {
        case .compact, .contiguous(nil): return []
        case .contiguous(let extent?): return [start + extent.lowerBound..<start + extent.upperBound]
        case .chunked(_, let chunks):
            return chunks.map { start + $0.address..<start + $0.address + $0.byteCount }
        }
    }
}
