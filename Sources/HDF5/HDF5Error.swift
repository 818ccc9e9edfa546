import Files
import Platform

/// Where in which file something is wrong.
package struct HDF5Location: Sendable, Hashable, CustomStringConvertible {
    /// The file as the caller named it.
    package let file: String
    /// The object inside it, `nil` for the file as a whole.
    package let object: String?

    package init(file: String, object: String? = nil) {
        self.file = file
        self.object = object
    }

    package var description: String {
        let file = self.file.escaped
        guard let object, !object.isEmpty else { return file }
        return "\(file): \(object.escaped)"
    }
}

/// Why an HDF5 file, or something in it, cannot be read or written.
package enum HDF5Error: KindedError, Sendable, Hashable {
    /// Opening, reading or writing failed for a reason outside the file: no such file, no permission, a full disk, a
    /// directory, a broken device.
    case inputOutput(HDF5Location, reason: String)
    /// The file is something else.
    case notHDF5(HDF5Location, FileContent)
    /// The file contradicts the format or itself.
    case corrupt(HDF5Location, reason: String)
    /// The file points outside itself.
    case unsafe(HDF5Location, reason: String)
    /// The file asks for more than is reasonable for its size.
    case limit(HDF5Location, reason: String)
    /// Sound, but not something we read.
    case unsupported(HDF5Location, HDF5Feature)
    /// A name that leads to no object of the wanted kind.
    case noSuchObject(HDF5Location)
    /// The index helper cannot be run: a defect of the installation.
    case helper(HDF5Location, reason: String)

    /// What kind of trouble it is.
    package var kind: ErrorKind {
        switch self {
        case .inputOutput: .inputOutput
        case .notHDF5(_, .hdf4), .unsupported: .unsupported
        case .notHDF5, .corrupt, .unsafe, .limit, .noSuchObject: .corrupt
        case .helper: .defect
        }
    }

    /// The file, and the object in it if the trouble is there.
    package var location: HDF5Location {
        switch self {
        case .inputOutput(let location, _),
            .notHDF5(let location, _), .corrupt(let location, _), .unsafe(let location, _), .limit(let location, _),
            .unsupported(let location, _), .noSuchObject(let location), .helper(let location, _):
            location
        }
    }
}

/// Parts of the format that we recognise and do not read.
package enum HDF5Feature: Sendable, Hashable, CustomStringConvertible {
    case filter(id: Int, name: String)
    case datatype(String)
    case layout(String)
    case link(String)
    case newerFormat

    package var description: String {
        switch self {
        case .filter(let id, let name):
            "compressed by filter \(id)" + (name.isEmpty ? "" : " (\(name.escaped))")
        case .datatype(let name): "its elements are of a kind that is no tensor: \(name.escaped)"
        case .layout(let name), .link(let name): name.escaped
        case .newerFormat: "written in a newer version of the format than the installed libhdf5 knows"
        }
    }

    var remedy: String {
        switch self {
        case .filter: "re-save the file without that filter (h5repack -f GZIP=4)"
        case .datatype: "convert it to numbers before"
        case .layout: "re-save the file with contiguous or chunked storage"
        case .link: "re-save the file without it (h5repack)"
        case .newerFormat: "re-save the file for older versions (h5repack --high=2, or libver='v110' in h5py)"
        }
    }
}

extension HDF5Error {
    /// One sentence and what to do about it; safe to print on a terminal.
    package var description: String {
        switch self {
        case .inputOutput(let location, let reason): "\(location): \(reason.escaped)"
        case .notHDF5(let location, let content): "\(location): not an HDF5 file but \(content.name); \(content.remedy)"
        case .corrupt(let location, let reason):
            "\(location): the file is corrupt: \(reason.escaped); get a fresh copy"
        case .unsafe(let location, let reason):
            "\(location): refused: \(reason.escaped); use a file that stands alone"
        case .limit(let location, let reason):
            "\(location): refused: \(reason.escaped); if the file is sound, re-save it more plainly "
                + "or raise the limit (\(HDF5Limits.environmentVariable))"
        case .unsupported(let location, let feature): "\(location): unsupported: \(feature); \(feature.remedy)"
        case .noSuchObject(let location): "\(location): there is no such object in the file"
        case .helper(let location, let reason):
            "\(location): the index helper does not work: \(reason); install reuseformer-h5index beside the program"
        }
    }
}

extension HDF5Error {
    /// A file that cannot be opened or written at all.
    init(_ error: FileError) {
        self = .inputOutput(HDF5Location(file: error.path), reason: error.problems.joined(separator: "; "))
    }

    /// Runs something of the module `Files` under our own error type.
    static func mapping<R: ~Copyable>(_ body: () throws(FileError) -> R) throws(HDF5Error) -> R {
        do throws(FileError) { return try body() } catch { throw HDF5Error(error) }
    }
}
