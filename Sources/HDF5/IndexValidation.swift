import Tensors

/// Checks that what the helper claims is possible in this file, before anything relies on it.
///
/// libhdf5 is silent about a size that contradicts the shape, data inside metadata, chunks at wrong coordinates, wrong
/// filter parameters; and a helper that a hostile file has taken over may claim anything.
package struct IndexValidation {
    let document: IndexDocument
    /// Bytes of the HDF5 file (or of the region it lies in).
    let byteCount: Int
    let superblock: Superblock
    let limits: HDF5Limits

    package init(document: IndexDocument, byteCount: Int, superblock: Superblock, limits: HDF5Limits) {
        self.document = document
        self.byteCount = byteCount
        self.superblock = superblock
        self.limits = limits
    }

    /// What is wrong, where.
    package struct Finding: Error, Equatable {
        enum Kind { case corrupt, limit }
        let kind: Kind
        let path: String
        let reason: String

        static func corrupt(_ path: String, _ reason: String) -> Finding {
            Finding(kind: .corrupt, path: path, reason: reason)
        }
        static func limit(_ path: String, _ reason: String) -> Finding {
            Finding(kind: .limit, path: path, reason: reason)
        }
    }

    package func check() throws(Finding) {
        guard document.fileBytes == byteCount, document.userBlock == superblock.offset else {
            throw .corrupt("", "the superblock lies at \(superblock.offset) and claims \(document.userBlock)")
        }
        try checkTree()
        var extents: [Extent] = []
        for object in document.objects {
            try checkAttributes(of: object)
            if case .dataset(let dataset) = object.content { try check(dataset, object.path, &extents) }
        }
        try checkPlaces(&extents)
    }

    // MARK: Objects

    private func checkTree() throws(Finding) {
        var addresses: Set<UInt64> = []
        // Compared by bytes: two Unicode forms of one text are two names.
        var paths: Set<[UInt8]> = []
        for object in document.objects {
            guard addresses.insert(object.address).inserted else { throw .corrupt(object.path, "listed twice") }
            guard paths.insert(Array(object.path.utf8)).inserted else {
                throw .corrupt(object.path, "a name that appears twice")
            }
        }
        guard addresses.contains(document.root) else { throw .corrupt("/", "there is no root group") }
        for object in document.objects {
            guard case .group(let links) = object.content else { continue }
            var names: Set<[UInt8]> = []
            for link in links {
                guard names.insert(Array(link.name.utf8)).inserted else {
                    throw .corrupt(object.path, "the name '\(link.name)' appears twice")
                }
                if case .object(let address) = link.target, !addresses.contains(address) {
                    throw .corrupt(object.path, "'\(link.name)' leads nowhere")
                }
            }
        }
    }

    private func checkAttributes(of object: IndexDocument.Object) throws(Finding) {
        for attribute in object.attributes {
            guard let shape = attribute.shape else { continue }
            let path = "\(object.path) attribute \(attribute.name)"
            guard let count = Shape(checking: shape)?.count else { throw .corrupt(path, "its size overflows") }
            if let texts = attribute.texts, texts.count != count {
                throw .corrupt(path, "\(texts.count) texts for \(count)")
            }
            let type = attribute.type
            if let data = attribute.data, let dtype = type.plain ?? type.converted {
                try checkSize(data.count, of: dtype, count: count, path)
            }
        }
    }

    private func checkSize(_ size: Int, of dtype: DType, count: Int, _ path: String) throws(Finding) {
        let (wanted, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
        guard !overflow, wanted == size else { throw .corrupt(path, "\(size) bytes for \(count) values of \(dtype)") }
    }

    // MARK: Datasets

    private struct Extent {
        let range: Range<Int>
        let path: String
    }

    private func check(_ dataset: IndexDocument.Dataset, _ path: String, _ extents: inout [Extent]) throws(Finding) {
        let type = dataset.type
        guard type.size > 0 else { throw .corrupt(path, "elements of no size") }
        if let plain = type.plain, plain.byteCount != type.size {
            throw .corrupt(path, "\(plain) of \(type.size) bytes")
        }
        guard let extentList = dataset.shape else { return }
        guard extentList.count <= 32, let shape = Shape(checking: extentList) else {
            throw .limit(path, "its shape \(extentList) asks for more than can be addressed")
        }
        let (byteCount, overflow) = shape.count.multipliedReportingOverflow(by: type.size)
        guard !overflow else { throw .limit(path, "its shape \(extentList) asks for more than can be addressed") }
        if let fill = dataset.fill, fill.count != type.size { throw .corrupt(path, "a fill value of another size") }
        if let values = dataset.values {
            let size = type.plain == nil ? type.converted?.byteCount ?? type.size : type.size
            guard values.count == shape.count * size else { throw .corrupt(path, "\(values.count) bytes of values") }
        }
        if let texts = dataset.texts, texts.count != shape.count { throw .corrupt(path, "\(texts.count) texts") }

        // Elements of other kinds have another size in memory than in the file, and are never read.
        let isNumeric = type.isNumeric
        var stored = 0
        switch dataset.layout {
        case .compact: return
        case .contiguous(let extent?):
            guard dataset.filters.isEmpty else { throw .corrupt(path, "filters without chunks") }
            try check(extent, path)
            guard !isNumeric || extent.count == byteCount else {
                throw .corrupt(path, "\(extent.count) bytes are stored where shape \(shape) needs \(byteCount)")
            }
            stored = extent.count
            extents.append(Extent(range: extent, path: path))
        case .contiguous(nil): break
        case .chunked(let chunkExtents, let chunks):
            stored = try check(chunks, of: chunkExtents, in: dataset, shape, path, &extents)
        }
        guard isNumeric, dataset.values == nil else { return }
        try checkExpansion(to: byteCount, from: stored, filters: dataset.filters, path)
    }

    private func check(_ extent: Range<Int>, _ path: String) throws(Finding) {
        guard extent.upperBound <= byteCount else {
            throw .corrupt(path, "its data at \(extent.lowerBound) reach beyond the end of the file at \(byteCount)")
        }
        guard extent.isEmpty || extent.lowerBound >= superblock.end else {
            throw .corrupt(path, "its data at \(extent.lowerBound) lie in the superblock")
        }
    }

    private func checkExpansion(
        to byteCount: Int, from stored: Int, filters: [IndexDocument.Filter], _ path: String
    ) throws(Finding) {
        guard byteCount > limits.unjustifiedBytes else { return }
        let ratio = filters.contains { $0.id == FilterID.zstd } ? limits.zstdRatio : limits.deflateRatio
        guard byteCount / ratio <= stored else {
            throw .limit(path, "\(stored) bytes are stored for values of \(byteCount) bytes")
        }
    }

    /// - Returns: The number of bytes that are stored.
    private func check(
        _ chunks: [IndexDocument.Chunk], of chunkExtents: [Int], in dataset: IndexDocument.Dataset, _ shape: Shape,
        _ path: String, _ extents: inout [Extent]
    ) throws(Finding) -> Int {
        guard chunkExtents.count == shape.rank, shape.rank > 0, chunkExtents.allSatisfy({ $0 > 0 }),
            let chunkShape = Shape(checking: chunkExtents)
        else { throw .corrupt(path, "impossible chunks of \(chunkExtents)") }
        let (chunkBytes, overflow) = chunkShape.count.multipliedReportingOverflow(by: dataset.type.size)
        guard !overflow, chunkBytes <= Int(UInt32.max) else { throw .limit(path, "chunks of \(chunkExtents)") }
        try checkParameters(of: dataset.filters, elementSize: dataset.type.size, path)
        let isNumeric = dataset.type.isNumeric
        var stored = 0
        var seen: Set<[Int]> = []
        for chunk in chunks {
            let at = "chunk \(chunk.coordinates)"
            for axis in 0..<shape.rank {
                let coordinate = chunk.coordinates[axis]
                guard coordinate < shape[axis] else { throw .corrupt(path, "\(at) lies outside shape \(shape)") }
                guard coordinate.isMultiple(of: chunkExtents[axis]) else {
                    throw .corrupt(path, "\(at) is not aligned to \(chunkExtents)")
                }
            }
            guard seen.insert(chunk.coordinates).inserted else { throw .corrupt(path, "\(at) is stored twice") }
            let (end, overflow) = chunk.address.addingReportingOverflow(chunk.byteCount)
            guard chunk.byteCount > 0, !overflow else { throw .corrupt(path, "\(at) of \(chunk.byteCount) bytes") }
            guard dataset.filters.count >= UInt64.bitWidth || chunk.filterMask >> UInt64(dataset.filters.count) == 0
            else {
                throw .corrupt(path, "\(at) skips filters that do not exist")
            }
            try check(chunk.address..<end, path)
            let isPlain = dataset.filters.indices.allSatisfy { chunk.filterMask >> UInt64($0) & 1 == 1 }
            guard !isPlain || !isNumeric || chunk.byteCount == chunkBytes else {
                throw .corrupt(path, "\(at) has \(chunk.byteCount) bytes instead of \(chunkBytes)")
            }
            if isNumeric { try checkExpansion(to: chunkBytes, from: chunk.byteCount, filters: dataset.filters, path) }
            // Sums of a forged index may wrap; extents that overlap are found at the end.
            stored &+= chunk.byteCount
            extents.append(Extent(range: chunk.address..<end, path: path))
        }
        // Chunks far larger than the dataset make a small file ask for much memory.
        guard
            chunkBytes
                <= max(
                    limits.unjustifiedBytes, shape.count.multipliedReportingOverflow(by: dataset.type.size).partialValue
                )
        else { throw .limit(path, "chunks of \(chunkBytes) bytes for shape \(shape)") }
        return stored
    }

    private func checkParameters(
        of filters: [IndexDocument.Filter], elementSize: Int, _ path: String
    ) throws(Finding) {
        for filter in filters where filter.id == FilterID.shuffle {
            guard filter.values.isEmpty || filter.values[0] == UInt64(elementSize) else {
                throw .corrupt(path, "elements of \(elementSize) bytes shuffled as if they had \(filter.values[0])")
            }
        }
    }

    // MARK: Extents against each other

    /// No byte may belong to two datasets, nor to a dataset and to the file's own structures.
    private func checkPlaces(_ extents: inout [Extent]) throws(Finding) {
        extents.removeAll { $0.range.isEmpty }
        extents.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        for (extent, next) in zip(extents, extents.dropFirst()) where next.range.lowerBound < extent.range.upperBound {
            throw .corrupt(next.path, "its data overlap those of \(extent.path)")
        }
        var metadata = document.metadata[...]
        for extent in extents {
            metadata = metadata.drop { $0 < extent.range.lowerBound }
            if let address = metadata.first, address < extent.range.upperBound {
                throw .corrupt(
                    extent.path, "its data at \(extent.range.lowerBound) overlap the structures at \(address)")
            }
        }
    }
}
