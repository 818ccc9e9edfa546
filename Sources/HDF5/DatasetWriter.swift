import CHDF5
import Platform
import Tensors

/// Writes one dataset of a file that `HDF5Writer` holds open.
struct DatasetWriter {
    let file: hid_t
    let location: HDF5Location
    let dtype: DType
    let shape: Shape
    let cancellation: Cancellation?

    /// Chunks that are compressed before they are written: bounds memory, and suffices for any number of cores.
    private static let batchCount = 64

    func write(
        _ bytes: UnsafeRawBufferPointer, at path: String, _ compression: HDF5Compression
    ) throws(FileError) {
        if case .zstd(let level) = compression, shape.rank > 0, shape.count > 0 {
            let compressor = ChunkCompressor(shape: shape, elementSize: dtype.byteCount, level: level)
            try writeChunks(bytes, at: path, compressor, level)
        } else {
            try HDF5Library.locked { () throws(FileError) in
                try withDataset(at: path, compressor: nil, level: 0) { (dataset, type) throws(FileError) in
                    guard !bytes.isEmpty else { return }
                    try check(H5Dwrite(dataset, type, 0, 0, 0, bytes.baseAddress))
                }
            }
        }
    }

    private func writeChunks(
        _ bytes: UnsafeRawBufferPointer, at path: String, _ compressor: ChunkCompressor, _ level: Int
    ) throws(FileError) {
        try HDF5Library.locked { () throws(FileError) in
            try withDataset(at: path, compressor: compressor, level: level) { (dataset, _) throws(FileError) in
                var rest = compressor.origins[...]
                while !rest.isEmpty {
                    let batch = rest.prefix(Self.batchCount)
                    rest = rest.dropFirst(Self.batchCount)
                    let chunks = compressor.compressed(batch, of: bytes, cancellation)
                    if cancellation?.isRequested == true {
                        throw FileError(.cancelled, path: location.file, "was not written: the work was cancelled")
                    }
                    for (origin, chunk) in zip(batch, chunks) {
                        guard let chunk else { throw .inputOutput(location, reason: "zstd cannot compress a chunk") }
                        try check(H5Dwrite_chunk(dataset, 0, 0, origin.map(hsize_t.init), chunk.count, chunk))
                    }
                }
            }
        }
    }

    private func withDataset(
        at path: String, compressor: ChunkCompressor?, level: Int, _ body: (hid_t, hid_t) throws(FileError) -> Void
    ) throws(FileError) {
        let type = makeType()
        let extents = shape.extents.map(hsize_t.init)
        let space = shape.rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.rank), extents, nil)
        let creation = H5Pcreate(chdf5_dataset_create_class())
        defer {
            H5Tclose(type)
            H5Sclose(space)
            H5Pclose(creation)
        }
        try check(H5Pset_obj_track_times(creation, false))
        if let compressor {
            try check(H5Pset_chunk(creation, Int32(shape.rank), compressor.chunkExtents.map(hsize_t.init)))
            try check(H5Pset_shuffle(creation))
            // Optional, because this libhdf5 has no code for the filter: chunks come compressed already.
            var parameter = UInt32(clamping: level)
            try check(H5Pset_filter(creation, H5Z_filter_t(FilterID.zstd), UInt32(H5Z_FLAG_OPTIONAL), 1, &parameter))
        }
        let dataset = H5Dcreate2(file, path, type, space, 0, creation, 0)
        try check(dataset)
        do throws(FileError) {
            if dtype == .bfloat16 { try markBrainFloat(dataset) }
            try body(dataset, type)
        } catch {
            H5Dclose(dataset)
            throw error
        }
        try check(H5Dclose(dataset))
    }

    private func makeType() -> hid_t {
        switch dtype {
        case .float16:
            let type = H5Tcopy(chdf5_f32le())
            H5Tset_fields(type, 15, 10, 5, 0, 10)
            H5Tset_size(type, 2)
            H5Tset_ebias(type, 15)
            return type
        case .bfloat16:
            let type = H5Tcreate(H5T_OPAQUE, 2)
            H5Tset_tag(type, "")
            return type
        case .float32: return H5Tcopy(chdf5_f32le())
        case .float64: return H5Tcopy(chdf5_f64le())
        case .int8, .int16, .int32, .int64: return H5Tcopy(chdf5_integer_le(Int32(dtype.byteCount), 1))
        case .uint8, .uint16, .uint32, .uint64: return H5Tcopy(chdf5_integer_le(Int32(dtype.byteCount), 0))
        case .bool:
            let type = H5Tenum_create(chdf5_integer_le(1, 1))
            for (name, value) in [("FALSE", UInt8(0)), ("TRUE", 1)] {
                var value = value
                H5Tenum_insert(type, name, &value)
            }
            return type
        }
    }

    private func markBrainFloat(_ dataset: hid_t) throws(FileError) {
        let text = Array(DType.bfloat16.rawValue.utf8)
        let type = H5Tcopy(chdf5_c_string()), space = H5Screate(H5S_SCALAR)
        H5Tset_size(type, text.count)
        H5Tset_strpad(type, H5T_STR_NULLPAD)
        let attribute = H5Acreate2(dataset, "dtype", type, space, 0, 0)
        defer {
            if attribute >= 0 { H5Aclose(attribute) }
            H5Tclose(type)
            H5Sclose(space)
        }
        try check(attribute)
        try check(H5Awrite(attribute, type, text))
    }

    private func check(_ status: some SignedInteger) throws(FileError) {
        guard status >= 0 else { throw .inputOutput(location, reason: HDF5Library.lastFailure()) }
    }
}
