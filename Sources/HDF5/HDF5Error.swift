/// Where in which file something is wrong.
public struct HDF5Location: Sendable, Hashable, CustomStringConvertible {
    /// The file as the caller named it.
    public let file: String
    /// The object inside it, `nil` for the file as a whole.
    public let object: String?

    public init(file: String, object: String? = nil) {
        self.file = file
        self.object = object
    }

    public var description: String {
        let file = escapingControlCharacters(self.file)
        guard let object, !object.isEmpty else { return file }
        return "\(file): \(escapingControlCharacters(object))"
    }
}

/// Why an HDF5 file, or something in it, cannot be read or written.
public enum HDF5Error: Error, Sendable, Hashable {
    /// There is no such file.
    case missing(HDF5Location)
    /// The file may not be read or written.
    case permissionDenied(HDF5Location)
    /// Reading or writing failed for a reason outside the file: a full disk, a directory, a broken device.
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
    /// The environment asks for limits that do not exist.
    case setting(reason: String)

    /// What kind of trouble it is, without the particulars.
    public enum Kind: Sendable, Hashable {
        /// The input is broken or hostile, or too large for its own good.
        case corruptInput
        /// The input is recognised and not handled.
        case unsupportedInput
        /// The file system refused.
        case inputOutput
        /// Our own defect.
        case internalDefect
        /// Somebody's settings make no sense.
        case usage

        /// The status a command ends with.
        public var exitCode: Int32 {
            switch self {
            case .internalDefect: 1
            case .usage: 2
            case .unsupportedInput: 4
            case .corruptInput: 5
            case .inputOutput: 6
            }
        }
    }

    /// What kind of trouble it is.
    public var kind: Kind {
        switch self {
        case .missing, .permissionDenied, .inputOutput: .inputOutput
        case .notHDF5(_, .hdf4), .unsupported: .unsupportedInput
        case .notHDF5, .corrupt, .unsafe, .limit, .noSuchObject: .corruptInput
        case .helper: .internalDefect
        case .setting: .usage
        }
    }

    /// The file, and the object in it if the trouble is there.
    public var location: HDF5Location {
        switch self {
        case .missing(let location), .permissionDenied(let location), .inputOutput(let location, _),
            .notHDF5(let location, _), .corrupt(let location, _), .unsafe(let location, _), .limit(let location, _),
            .unsupported(let location, _), .noSuchObject(let location), .helper(let location, _):
            location
        case .setting: HDF5Location(file: HDF5Limits.environmentVariable)
        }
    }
}

/// Parts of the format that we recognise and do not read.
public enum HDF5Feature: Sendable, Hashable, CustomStringConvertible {
    case filter(id: Int, name: String)
    case datatype(String)
    case layout(String)
    case link(String)
    case newerFormat

    public var description: String {
        switch self {
        case .filter(let id, let name):
            "compressed by filter \(id)" + (name.isEmpty ? "" : " (\(escapingControlCharacters(name)))")
        case .datatype(let name): "its elements are of a kind that is no tensor: \(escapingControlCharacters(name))"
        case .layout(let name), .link(let name): escapingControlCharacters(name)
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

extension HDF5Error: CustomStringConvertible {
    /// One sentence and what to do about it; safe to print on a terminal.
    public var description: String {
        switch self {
        case .missing(let location): "\(location): there is no such file; check the path"
        case .permissionDenied(let location): "\(location): permission denied; check the file's mode and its folder's"
        case .inputOutput(let location, let reason): "\(location): \(escapingControlCharacters(reason))"
        case .notHDF5(let location, let content): "\(location): not an HDF5 file but \(content.name); \(content.remedy)"
        case .corrupt(let location, let reason):
            "\(location): the file is corrupt: \(escapingControlCharacters(reason)); get a fresh copy"
        case .unsafe(let location, let reason):
            "\(location): refused: \(escapingControlCharacters(reason)); use a file that stands alone"
        case .limit(let location, let reason):
            "\(location): refused: \(escapingControlCharacters(reason)); if the file is sound, re-save it more plainly "
                + "or raise the limit (\(HDF5Limits.environmentVariable))"
        case .unsupported(let location, let feature): "\(location): unsupported: \(feature); \(feature.remedy)"
        case .noSuchObject(let location): "\(location): there is no such object in the file"
        case .helper(let location, let reason):
            "\(location): the index helper does not work: \(reason); install reuseformer-h5index beside the program"
        case .setting(let reason): "\(location): \(reason)"
        }
    }
}

/// Text with control, invisible and direction-changing characters spelled out, so that a file's names cannot steer a
/// terminal or mislead a reader.
public func escapingControlCharacters(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isMisleading) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if isMisleading(scalar) {
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func isMisleading(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: true
    default: false
    }
}
