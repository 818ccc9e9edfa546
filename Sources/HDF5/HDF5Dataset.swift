import Platform
import Tensors

/// A dataset of an open file.
package struct HDF5Dataset: Sendable {
    let contents: HDF5Contents
    let index: Int

    private let description: IndexDocument.Dataset

    /// - Parameter index: Of a dataset among the objects of the document.
    init?(contents: HDF5Contents, index: Int) {
        guard case .dataset(let description) = contents.document.objects[index].content else { return nil }
        self.contents = contents
        self.index = index
        self.description = description
    }

    /// The first path that leads to the dataset.
    package var path: String { contents.document.objects[index].path }

    /// All attributes, in order of name.
    package var attributes: [HDF5Attribute] { contents.attributes(of: index) }

    /// The attribute of that name, `nil` when there is none.
    package func attribute(named name: String) -> HDF5Attribute? { contents.attribute(named: name, of: index) }

    /// Extents; `nil` for a dataset without any (the null dataspace).
    package var shape: Shape? { description.shape.map { Shape($0) } }

    /// Whether `other` is the same dataset under another name.
    package func isSame(as other: HDF5Dataset) -> Bool { contents === other.contents && index == other.index }

    /// The element type that `tensor()` delivers; `nil` when the elements are no numbers.
    ///
    /// Two bytes without meaning of their own (opaque, or 16-bit integers) are bfloat16 when attribute `dtype` says so,
    /// as Keras 3 writes them. Numbers of unusual layout come as float64 or 64-bit integers.
    package var dtype: DType? {
        let type = description.type
        if type.size == 2, type.className == "opaque" || type.plain == .uint16 || type.plain == .int16,
            attribute(named: "dtype")?.text == DType.bfloat16.rawValue
        {
            return .bfloat16
        }
        return type.plain ?? type.converted
    }

    /// Whether its elements are numbers, of a type that is read or not.
    package var holdsNumbers: Bool {
        shape != nil && ["integer", "float", "bitfield"].contains(description.type.className)
    }

    /// The stored type in words, for tables and messages.
    package var storedType: String {
        let type = description.type
        let name = type.plain?.rawValue ?? "\(type.className) of \(type.size) bytes"
        return type.isBigEndian && type.size > 1 ? name + " big-endian" : name
    }

    /// Bytes that the elements take in the file; 0 for those inside the object header.
    package var storedByteCount: Int {
        switch description.layout {
        case .compact, .contiguous(nil): 0
        case .contiguous(let extent?): extent.count
        case .chunked(_, let chunks): chunks.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// Where the elements' bytes stand in the file, chunk by chunk; empty for those inside the object header.
    package var extents: [Range<Int>] {
        let start = contents.region.lowerBound
        switch description.layout {
        case .compact, .contiguous(nil): return []
        case .contiguous(let extent?): return [start + extent.lowerBound..<start + extent.upperBound]
        case .chunked(_, let chunks):
            return chunks.map { start + $0.address..<start + $0.address + $0.byteCount }
        }
    }

    /// Whether elements that were never written are among those delivered (they are fill values).
    package var hasUnwrittenElements: Bool {
        guard let shape, shape.count > 0 else { return false }
        switch description.layout {
        case .compact: return false
        case .contiguous(let extent): return extent == nil
        case .chunked(let extents, let chunks):
            let grid = zip(shape.extents, extents).reduce(1.0) { $0 * Double(($1.0 + $1.1 - 1) / $1.1) }
            return Double(chunks.count) < grid
        }
    }

    /// Names of the filters that the elements went through, `shuffle`, `deflate`, … in order of writing.
    package var filterNames: [String] {
        description.filters.map { $0.name.isEmpty ? FilterID.name(of: $0.id) : $0.name }
    }

    /// Whether `tensor()` gives a view of the mapped file.
    package var isMappable: Bool { mappedOffset(of: dtype) != nil }

    /// Where the elements lie in the file, if they lie there as one plain run.
    private func mappedOffset(of dtype: DType?) -> Int? {
        guard let dtype, dtype != .bool, description.type.size == dtype.byteCount, !description.type.isBigEndian,
            case .contiguous(let extent?) = description.layout
        else { return nil }
        let offset = contents.region.lowerBound + extent.lowerBound
        return offset.isMultiple(of: dtype.byteCount) ? offset : nil
    }

    /// The texts of a dataset of strings; `nil` when it holds something else.
    package var texts: [String]? {
        shape?.count == 0 && description.type.className == "string" ? [] : description.texts
    }

    /// The elements.
    ///
    /// A view of the mapped file where they lie there contiguous, aligned and little-endian; otherwise decoded, chunks
    /// in parallel.
    ///
    /// - Throws: `FileError.unsupported` for elements that are no numbers and for unknown filters; `corrupt` when
    ///   chunks cannot be decoded; `limit` for a rare filter on more data than the helper hands over.
    package func tensor() throws(FileError) -> Tensor {
        let location = HDF5Location(file: contents.file.path, object: path)
        guard let shape else { throw .unsupported(location, .datatype("no elements at all (a null dataspace)")) }
        guard let dtype else { throw .unsupported(location, .datatype(description.type.className)) }
        if let offset = mappedOffset(of: dtype),
            let tensor = Tensor(dtype: dtype, shape: shape, storage: contents.storage, byteOffset: offset)
        {
            return tensor
        }
        let byteCount = shape.count * dtype.byteCount
        guard byteCount <= contents.limits.decodedBytes else {
            throw .limit(location, reason: "its values take \(byteCount) bytes of memory")
        }
        var failure: FileError?
        let storage = TensorStorage(byteCount: byteCount) { target in
            guard byteCount > 0 else { return }
            do throws(FileError) {
                try fill(target, shape, location)
            } catch {
                failure = error
                return
            }
            let isConverted = description.type.plain == nil && description.type.converted != nil
            if description.type.isBigEndian, !isConverted { swapBytes(in: target, elementSize: dtype.byteCount) }
            // A boolean may only be 0 or 1 in memory.
            if dtype == .bool { for index in target.indices where target[index] > 1 { target[index] = 1 } }
        }
        if let failure { throw failure }
        guard let tensor = Tensor(dtype: dtype, shape: shape, storage: storage) else {
            throw .corrupt(location, reason: "its shape \(shape) and size \(byteCount) do not agree")
        }
        return tensor
    }

    private func fill(
        _ target: UnsafeMutableRawBufferPointer, _ shape: Shape, _ location: HDF5Location
    ) throws(FileError) {
        if let values = description.values {
            guard values.count == target.count else {
                throw .corrupt(location, reason: "\(values.count) bytes of values for shape \(shape)")
            }
            target.copyBytes(from: values)
            return
        }
        // Numbers of unusual layout have another size in the file than in memory: only the helper can convert them.
        guard description.type.size == dtype?.byteCount else {
            throw .limit(location, reason: "its values of \(description.type.size) bytes each could not be converted")
        }
        if let fill = description.fill, hasUnwrittenElements, fill.contains(where: { $0 != 0 }) {
            for index in target.indices { target[index] = fill[index % fill.count] }
        }
        switch description.layout {
        case .compact: throw .limit(location, reason: "its values inside the object header could not be read")
        case .contiguous(nil): return
        case .contiguous(let extent?): target.copyMemory(from: UnsafeRawBufferPointer(rebasing: contents.bytes[extent]))
        case .chunked(let extents, let chunks):
            try checkFilters(usedBy: chunks, location)
            let reader = ChunkReader(
                file: contents.bytes, shape: shape, chunkExtents: extents, elementSize: description.type.size,
                filters: description.filters)
            if let (chunk, failure) = reader.read(chunks, into: target) {
                throw .corrupt(location, reason: "chunk \(chunk): \(failure.reason)")
            }
        }
    }

    /// A filter that no chunk went through needs no code.
    private func checkFilters(usedBy chunks: [IndexDocument.Chunk], _ location: HDF5Location) throws(FileError) {
        for (index, filter) in description.filters.enumerated() where !FilterID.isDecodedHere(filter.id) {
            guard chunks.contains(where: { $0.filterMask >> UInt64(index) & 1 == 0 }) else { continue }
            if FilterID.isDecodedByHelper(filter.id) {
                throw .limit(location, reason: "filter \(filter.id) (\(filter.name)) on so many values")
            }
            throw .unsupported(location, .filter(id: filter.id, name: filter.name))
        }
    }
}
