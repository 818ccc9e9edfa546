import Files
import Platform

/// Where in which file something is wrong.
package struct HDF5Location: Sendable, Hashable {
    /// The file as the caller named it.
    package let file: String
    /// The object inside it, `nil` for the file as a whole.
    package let object: String?

    package init(file: String, object: String? = nil) {
        self.file = file
        self.object = object
    }
}

/// Why an HDF5 file, or something in it, cannot be read or written: what is wrong, and what to do about it.
extension FileError {
    /// - Parameter problem: With what came from the file escaped.
    private init(_ kind: Kind, _ location: HDF5Location, _ problem: String) {
        let object = location.object.map { $0.isEmpty ? "" : "\($0.escaped): " } ?? ""
        self.init(kind, path: location.file, object + problem)
    }

    /// Opening, reading or writing failed for a reason outside the file: no such file, no permission, a full disk, a
    /// directory, a broken device.
    package static func inputOutput(_ location: HDF5Location, reason: String) -> FileError {
        FileError(.inputOutput, location, reason.escaped)
    }

    /// The file is something else.
    package static func notHDF5(_ location: HDF5Location, _ content: FileContent) -> FileError {
        FileError(
            // A pickle under the name of an HDF5 file was mixed up; under another name it is one of PyTorch's.
            content.isForeign && !(content == .pickle && location.file.hasSuffix(".h5")) ? .unsupported : .corrupt,
            location,
            content.isForeign
                ? "no checkpoint that is read (HDF5, safetensors, .keras) but \(content.name); \(content.remedy)"
                : "not an HDF5 file but \(content.name); \(content.remedy)")
    }

    /// The file contradicts the format or itself.
    package static func corrupt(_ location: HDF5Location, reason: String) -> FileError {
        FileError(.corrupt, location, "the file is corrupt: \(reason.escaped); get a fresh copy")
    }

    /// The file points outside itself.
    package static func unsafe(_ location: HDF5Location, reason: String) -> FileError {
        FileError(.corrupt, location, "refused: \(reason.escaped); use a file that stands alone")
    }

    /// The file asks for more than is reasonable for its size.
    package static func limit(_ location: HDF5Location, reason: String) -> FileError {
        FileError(
            .corrupt, location,
            "refused: \(reason.escaped); if the file is sound, re-save it more plainly or raise the limit "
                + "(\(HDF5Limits.environmentVariable))")
    }

    /// Sound, but not something we read.
    package static func unsupported(_ location: HDF5Location, _ feature: HDF5Feature) -> FileError {
        FileError(.unsupported, location, "unsupported: \(feature); \(feature.remedy)")
    }

    /// A name that leads to no object of the wanted kind.
    package static func noSuchObject(_ location: HDF5Location) -> FileError {
        FileError(.corrupt, location, "there is no such object in the file")
    }

    /// The index helper is not there, or is not one: a fault of the installation.
    package static func helper(_ location: HDF5Location, reason: String) -> FileError {
        FileError(
            .inputOutput, location,
            "the index helper does not work: \(reason.escaped); install reuseformer-h5index beside the program")
    }

    /// The machine refuses what the index helper needs: memory, files, processes, or the file itself.
    package static func machine(_ location: HDF5Location, reason: String) -> FileError {
        FileError(
            .inputOutput, location,
            "cannot be read here: \(reason.escaped); see to it that memory, processes and open files are left, and "
                + "that nothing else writes the file, then try again")
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
