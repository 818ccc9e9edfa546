import CHDF5
import Platform
import Tensors

/// Writes an HDF5 file: the same bytes for the same calls, without time stamps.
///
///     var writer = try HDF5Writer(path: file.temporaryPath, userBlockByteCount: 512)
///     try writer.setAttribute("format", to: "reuse-transformer")
///     try writer.write(kernel, at: "/tensors/layer_0/weight", compression: .zstd(level: 9))
///     try writer.close()
///
/// Groups on the way to an object are made as needed. A writer that is not closed leaves an unfinished file; use
/// `AtomicFile` so that it is never seen under its name.
package struct HDF5Writer: ~Copyable {
    /// The file that is being written.
    package let path: String
    private let cancellation: Cancellation?
    private var file: hid_t
    private var groups: Set<String> = ["/"]

    /// Creates the file, or empties it.
    ///
    /// - Parameters:
    ///   - userBlockByteCount: Zeros before the HDF5 part, for the caller to fill in after `close()`: 0, 512, 1024,
    ///     2048, …
    ///   - cancellation: Ends the compression of a dataset, which takes seconds for a large one.
    package init(
        path: String, userBlockByteCount: Int = 0, cancellation: Cancellation? = nil
    ) throws(FileError) {
        self.path = path
        self.cancellation = cancellation
        let location = HDF5Location(file: path)
        guard
            userBlockByteCount == 0
                || userBlockByteCount >= 512 && userBlockByteCount & (userBlockByteCount - 1) == 0
        else { throw .inputOutput(location, reason: "a user block of \(userBlockByteCount) bytes is impossible") }
        file = try HDF5Library.locked { () throws(FileError) -> hid_t in
            let creation = H5Pcreate(chdf5_file_create_class()), access = H5Pcreate(chdf5_file_access_class())
            defer {
                H5Pclose(creation)
                H5Pclose(access)
            }
            // Version 1.8's structures: readable everywhere, and covered by checksums. File locks fail on some
            // network folders, and the temporary name is ours alone.
            guard H5Pset_userblock(creation, hsize_t(userBlockByteCount)) >= 0,
                H5Pset_obj_track_times(creation, false) >= 0,
                H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0,
                // Tensors on cache lines can be used from the mapped file.
                H5Pset_alignment(access, 256, 64) >= 0
            else { throw .inputOutput(location, reason: HDF5Library.lastFailure()) }
            let file = H5Fcreate(path, chdf5_truncate(), creation, access)
            guard file >= 0 else { throw .inputOutput(location, reason: HDF5Library.lastFailure()) }
            return file
        }
    }

    deinit {
        let file = self.file
        if file >= 0 { HDF5Library.locked { _ = H5Fclose(file) } }
    }

    /// Writes what is left and closes the file.
    package consuming func close() throws(FileError) {
        let location = HDF5Location(file: path)
        let file = self.file
        self.file = -1
        try HDF5Library.locked { () throws(FileError) in
            guard H5Fclose(file) >= 0 else { throw .inputOutput(location, reason: HDF5Library.lastFailure()) }
        }
    }

    // MARK: Attributes

    /// Sets a text attribute of the root group: UTF-8 of fixed length.
    package mutating func setAttribute(_ name: String, to text: String) throws(FileError) {
        let bytes = Array(text.utf8) + [0]
        try attribute(name) { () -> (hid_t, hid_t) in
            let type = H5Tcopy(chdf5_c_string())
            H5Tset_size(type, bytes.count)
            H5Tset_cset(type, H5T_CSET_UTF8)
            return (type, type)
        } write: { attribute, type in
            H5Awrite(attribute, type, bytes)
        }
    }

    /// Sets an integer attribute of the root group.
    package mutating func setAttribute(_ name: String, to number: Int) throws(FileError) {
        var number = Int64(number).littleEndian
        try attribute(name) { () -> (hid_t, hid_t) in
            (chdf5_integer_le(8, 1), -1)
        } write: { attribute, type in
            H5Awrite(attribute, type, &number)
        }
    }

    /// - Parameter makeType: The type, and the handle to be closed afterwards, if any.
    private mutating func attribute(
        _ name: String, _ makeType: () -> (hid_t, hid_t), write: (hid_t, hid_t) -> herr_t
    ) throws(FileError) {
        let location = HDF5Location(file: path, object: "/ attribute \(name)")
        let file = self.file
        try HDF5Library.locked { () throws(FileError) in
            let (type, owned) = makeType()
            let space = H5Screate(H5S_SCALAR)
            let attribute = H5Acreate2(file, name, type, space, 0, 0)
            defer {
                if attribute >= 0 { H5Aclose(attribute) }
                if owned >= 0 { H5Tclose(owned) }
                H5Sclose(space)
            }
            guard attribute >= 0, write(attribute, type) >= 0 else {
                throw .inputOutput(location, reason: HDF5Library.lastFailure())
            }
        }
    }

    // MARK: Datasets

    /// Writes a tensor as a dataset of its stored type.
    ///
    /// Booleans become an enumeration of `FALSE` and `TRUE`; bfloat16 becomes two opaque bytes with attribute `dtype`,
    /// as Keras 3 has it.
    ///
    /// - Parameter path: From the root, with `/` between names; must not exist yet.
    package mutating func write(
        _ tensor: Tensor, at path: String, compression: HDF5Compression = .none
    ) throws(FileError) {
        let location = HDF5Location(file: self.path, object: path)
        try makeGroups(on: path)
        let file = self.file, cancellation = self.cancellation
        let failure = tensor.withUnsafeBytes { bytes in
            Result { () throws(FileError) in
                let dataset = DatasetWriter(
                    file: file, location: location, dtype: tensor.dtype, shape: tensor.shape,
                    cancellation: cancellation)
                try dataset.write(bytes, at: path, compression)
            }
        }
        try failure.get()
    }

    /// Writes bytes as a one-dimensional dataset of unsigned 8-bit integers.
    package mutating func write(
        bytes: [UInt8], at path: String, compression: HDF5Compression = .none
    ) throws(FileError) {
        let location = HDF5Location(file: self.path, object: path)
        try makeGroups(on: path)
        let dataset = DatasetWriter(
            file: file, location: location, dtype: .uint8, shape: [bytes.count], cancellation: cancellation)
        try bytes.withBytes { (buffer) throws(FileError) in try dataset.write(buffer, at: path, compression) }
    }

    /// Makes a group, and those it lies in.
    package mutating func makeGroup(at path: String) throws(FileError) {
        try makeGroups(on: path + "/")
    }

    /// Makes the groups that a path leads through: all names but the last.
    private mutating func makeGroups(on path: String) throws(FileError) {
        var group = ""
        let names = path.split(separator: "/", omittingEmptySubsequences: true)
        for name in path.hasSuffix("/") ? names[...] : names.dropLast() {
            group += "/" + name
            guard groups.insert(group).inserted else { continue }
            let location = HDF5Location(file: self.path, object: group)
            let (file, group) = (file, group)
            try HDF5Library.locked { () throws(FileError) in
                let creation = H5Pcreate(chdf5_group_create_class())
                defer { H5Pclose(creation) }
                H5Pset_obj_track_times(creation, false)
                let id = H5Gcreate2(file, group, 0, creation, 0)
                guard id >= 0, H5Gclose(id) >= 0 else {
                    throw .inputOutput(location, reason: HDF5Library.lastFailure())
                }
            }
        }
    }
}
