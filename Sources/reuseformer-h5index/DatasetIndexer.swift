import CH5Index
import JSON

/// Describes datasets: type, shape, where their bytes lie; and the bytes themselves where they cannot be mapped.
struct DatasetIndexer: ~Copyable {
    let userBlock: UInt64
    let addressSize: Int
    var texts: StoredTextReader
    var inlineBudget: Budget
    var chunkBudget: Budget
    /// What has to be added to chunk addresses, once known: some versions of libhdf5 leave the user block out.
    private var chunkAddressOffset: UInt64?

    init(userBlock: UInt64, addressSize: Int, heap: GlobalHeap, limits: Limits) {
        self.userBlock = userBlock
        self.addressSize = addressSize
        texts = StoredTextReader(heap: heap)
        inlineBudget = Budget(limits.inlineBytes, "values to pass on")
        chunkBudget = Budget(limits.chunks, "chunks")
        chunkAddressOffset = userBlock == 0 ? 0 : nil
    }

    private struct Subject {
        let dataset: hid_t
        let properties: hid_t
        let type: hid_t
        let space: hid_t
        let path: [UInt8]
        let element: ElementType
        let shape: [UInt64]?
        let count: Int?
    }

    /// Writes the members that describe a dataset into the open object.
    ///
    /// - Parameter metadataStart: How many blocks of metadata had been read before the object was opened.
    mutating func write(
        _ dataset: hid_t, at path: [UInt8], metadataStart: Int, to json: inout JSONWriter
    ) throws(Refusal) {
        let properties = try Handle(H5Dget_create_plist(dataset), path, "the creation properties cannot be read")
        // Before anything is read: what leads to other files.
        guard try checked(H5Pget_external_count(properties.id), path, "the storage cannot be read") == 0 else {
            throw Refusal(.unsafe, path, "its values lie in another file (external storage)")
        }
        let layout = H5Pget_layout(properties.id)
        guard layout != H5D_VIRTUAL else {
            throw Refusal(.unsafe, path, "it is put together from other files (a virtual dataset)")
        }
        let type = try Handle(H5Dget_type(dataset), path, "the datatype cannot be read")
        let space = try Handle(H5Dget_space(dataset), path, "the shape cannot be read")
        let element = try ElementType(of: type.id, at: path)
        let shape = try extents(of: space.id, at: path)
        let subject = Subject(
            dataset: dataset, properties: properties.id, type: type.id, space: space.id, path: path, element: element,
            shape: shape, count: elementCount(shape ?? [0], size: element.size))

        element.write(to: &json)
        if let shape { json.array("shape", of: shape) }
        let filters = try Filter.pipeline(of: properties.id, at: path)
        if !filters.isEmpty {
            json.array("filters") { json in
                for filter in filters { filter.write(to: &json) }
            }
        }
        try writeFillValue(subject, to: &json)
        switch layout {
        case H5D_COMPACT: json.text("layout", "compact")
        case H5D_CONTIGUOUS:
            json.text("layout", "contiguous")
            // All ones where nothing has been written yet.
            let offset = UInt64(H5Dget_offset(dataset))
            if offset != UInt64.max { json.array("extent", of: [offset, UInt64(H5Dget_storage_size(dataset))]) }
        case H5D_CHUNKED:
            json.text("layout", "chunked")
            try writeChunks(subject, filters, to: &json)
            try ChunkTreeCheck(
                chunkExtents: chunkExtents(subject), addressSize: addressSize, path: path
            ).check(blocksFrom: metadataStart)
        default: throw Refusal(.corrupt, path, "the storage layout is none that is known")
        }
        try writeValues(subject, filters, isCompact: layout == H5D_COMPACT, to: &json)
    }

    private func writeFillValue(_ subject: Subject, to json: inout JSONWriter) throws(Refusal) {
        guard subject.element.plain != nil || subject.element.size == 2, subject.element.size <= 8,
            subject.element.text == nil
        else { return }
        var status = H5D_FILL_VALUE_UNDEFINED
        try checked(H5Pfill_value_defined(subject.properties, &status), subject.path, "the fill value cannot be read")
        guard status == H5D_FILL_VALUE_USER_DEFINED else { return }
        var value = [UInt8](repeating: 0, count: subject.element.size)
        try checked(
            H5Pget_fill_value(subject.properties, subject.type, &value), subject.path, "the fill value cannot be read")
        value.withUnsafeBytes { json.base64("fill", $0) }
    }

    // MARK: Chunks

    private final class ChunkList {
        var chunks: [[UInt64]] = []
        var rank = 0
        var limit = 0
    }

    private mutating func writeChunks(
        _ subject: Subject, _ filters: [Filter], to json: inout JSONWriter
    ) throws(Refusal) {
        let extents = try chunkExtents(subject)
        let rank = extents.count
        json.array("chunk", of: extents)

        let list = ChunkList()
        list.rank = rank
        list.limit = chunkBudget.left
        let status = h5i_each_chunk(
            subject.dataset, subject.space,
            { coordinates, address, size, mask, context in
                guard let coordinates, let context else { return -1 }
                let list = Unmanaged<ChunkList>.fromOpaque(context).takeUnretainedValue()
                guard list.chunks.count < list.limit else { return 1 }
                // An index may list chunks that have never been written.
                if address == UInt64.max { return 0 }
                list.chunks.append(
                    Array(UnsafeBufferPointer(start: coordinates, count: list.rank)) + [address, size, UInt64(mask)])
                return 0
            }, Unmanaged.passUnretained(list).toOpaque())
        try checked(status, subject.path, "the chunk index cannot be read")
        try chunkBudget.spend(list.chunks.count + (status > 0 ? 1 : 0), at: subject.path)
        if let first = list.chunks.first, chunkAddressOffset == nil {
            chunkAddressOffset = try addressOffset(of: first, subject)
        }

        let offset = chunkAddressOffset ?? 0
        json.array("chunks") { json in
            for chunk in list.chunks {
                var chunk = chunk
                chunk[rank] &+= offset
                json.array(of: chunk)
            }
        }
    }

    private func chunkExtents(_ subject: Subject) throws(Refusal) -> [UInt64] {
        let rank = subject.shape?.count ?? 0
        var extents = [hsize_t](repeating: 0, count: 33)
        let chunkRank = try checked(
            H5Pget_chunk(subject.properties, 32, &extents), subject.path, "the chunk shape cannot be read")
        guard rank > 0, chunkRank == rank else {
            throw Refusal(.corrupt, subject.path, "chunks of \(chunkRank) axes in a dataset of \(rank)")
        }
        return Array(extents.prefix(rank))
    }

    /// Reads a chunk and looks where libhdf5 takes it from.
    private func addressOffset(of chunk: [UInt64], _ subject: Subject) throws(Refusal) -> UInt64 {
        let rank = chunk.count - 3
        let size = chunk[rank + 1]
        guard size > 0, size <= 64 << 20 else { throw Refusal(.limit, subject.path, "a chunk of \(size) bytes") }
        var buffer = [UInt8](repeating: 0, count: Int(size))
        var mask: UInt32 = 0
        try checked(
            H5Dread_chunk(subject.dataset, 0, Array(chunk.prefix(rank)), &mask, &buffer), subject.path,
            "a chunk cannot be read")
        let offset = h5i_last_raw_address() &- chunk[rank]
        guard offset == 0 || offset == userBlock else {
            throw Refusal(.corrupt, subject.path, "a chunk is not where its index says")
        }
        return offset
    }

    // MARK: Values inside the document

    /// Values that the parent cannot map: compact ones, texts, unusual numbers, filters that only libhdf5 has.
    private mutating func writeValues(
        _ subject: Subject, _ filters: [Filter], isCompact: Bool, to json: inout JSONWriter
    ) throws(Refusal) {
        let element = subject.element
        let needsLibrary = filters.contains { $0.isDecodedByLibraryOnly }
        let isMappable = (element.plain != nil || element.size == 2) && !isCompact && !needsLibrary
        guard !isMappable, let count = subject.count, count > 0 else { return }
        // An unknown filter: the parent names it.
        guard filters.allSatisfy(\.isBuiltIn) else { return }

        if let text = element.text {
            let values = try texts.texts(
                count: count, text: text, type: subject.type, size: element.size, budget: &inlineBudget,
                at: subject.path
            ) { H5Dread(subject.dataset, $0, 0, 0, 0, $1) }
            json.array("texts") { json in
                for value in values { json.text(nil, value) }
            }
            return
        }
        let isOpaquePair = element.className == "opaque" && element.size == 2
        guard isOpaquePair || element.plain != nil || element.converted != nil else { return }
        let (total, overflow) = count.multipliedReportingOverflow(by: max(element.size, 8))
        guard !overflow else { throw Refusal(.limit, subject.path, "too many values to pass on") }
        // Base64 takes a third more than the values themselves.
        try inlineBudget.spend(total, at: subject.path)
        if needsLibrary { try checkParameters(subject, filters) }
        let isConverted = element.plain == nil && element.converted != nil
        let values = try rawValues(
            count: count, size: element.size, isConverted: isConverted, plain: element.converted ?? "",
            at: subject.path
        ) { H5Dread(subject.dataset, $0 ?? subject.type, 0, 0, 0, $1) }
        values.withUnsafeBytes { json.base64("values", $0) }
    }

    /// What libhdf5 takes from filter parameters and chunks without checking.
    private func checkParameters(_ subject: Subject, _ filters: [Filter]) throws(Refusal) {
        guard let chunkElements = elementCount(try chunkExtents(subject), size: subject.element.size) else {
            throw Refusal(.limit, subject.path, "chunks too large")
        }
        for filter in filters where filter.isDecodedByLibraryOnly {
            try filter.checkParameters(
                elementSize: subject.element.size, chunkElements: chunkElements, at: subject.path)
        }
        guard filters.contains(where: { $0.id == H5Z_FILTER_SCALEOFFSET }) else { return }
        let rank = subject.shape?.count ?? 0
        let list = ChunkList()
        list.rank = rank
        list.limit = 100_000
        let status = h5i_each_chunk(
            subject.dataset, subject.space,
            { _, address, size, mask, context in
                guard let context else { return -1 }
                Unmanaged<ChunkList>.fromOpaque(context).takeUnretainedValue().chunks.append([
                    address, size, UInt64(mask),
                ])
                return 0
            }, Unmanaged.passUnretained(list).toOpaque())
        try checked(status, subject.path, "the chunk index cannot be read")
        for chunk in list.chunks where chunk[0] != UInt64.max && filters.count == 1 && chunk[2] == 0 {
            // A scale-offset chunk starts with the number of bits of an element.
            var head = [UInt8](repeating: 0, count: 21)
            guard chunk[1] >= 21, h5i_read(chunk[0] &+ (chunkAddressOffset ?? 0), 21, &head) == 0 else {
                throw Refusal(.corrupt, subject.path, "a scale-offset chunk of \(chunk[1]) bytes")
            }
            let bits = littleEndian(head[0..<4])
            guard bits <= UInt64(subject.element.size * 8) else {
                throw Refusal(.corrupt, subject.path, "a scale-offset chunk packs \(bits) bits into an element")
            }
        }
    }
}
