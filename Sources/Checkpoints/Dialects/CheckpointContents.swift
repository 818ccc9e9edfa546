import HDF5
import ModelGraph

/// The files of a checkpoint, opened: what dialects look at. No tensor has been read yet.
struct CheckpointContents: Sendable {
    let files: CheckpointFiles
    /// Files that hold tensors, in the order of their names.
    let weights: [WeightsFile]
    /// The JSON configuration beside the weights, or the one that the caller named; `nil` where there is none, or where
    /// the caller named a file of another kind.
    let config: JSONValue?

    init(_ files: CheckpointFiles) throws(CheckpointError) {
        self.files = files
        var weights: [WeightsFile] = []
        for entry in try files.weightFiles() { weights.append(try WeightsFile(entry)) }
        self.weights = weights
        if let entry = files.configEntry, try WeightsFile.isJSON(entry) || files.configFile == nil {
            config = try CheckpointFiles.document(entry)
        } else {
            config = nil
        }
    }

    /// All files as HDF5; `nil` when one is something else.
    var hdf5: [(entry: FileEntry, file: HDF5File)]? {
        let opened = weights.compactMap { weight in weight.hdf5.map { (weight.entry, $0) } }
        return opened.count == weights.count ? opened : nil
    }
}

/// A file that holds tensors.
struct WeightsFile: Sendable {
    /// What kind of file it is, by its contents.
    enum Container: Sendable {
        case hdf5(HDF5File)
        case safetensors(SafetensorsFile)
    }

    let entry: FileEntry
    let container: Container

    init(_ entry: FileEntry) throws(CheckpointError) {
        self.entry = entry
        let bytes = try MappedBytes(path: entry.path)
        if SafetensorsFile.isOne(bytes, path: entry.path) {
            container = .safetensors(try SafetensorsFile(bytes, path: entry.path))
            return
        }
        container = .hdf5(
            try CheckpointError.mapping { () throws(HDF5Error) in try HDF5File.open(path: entry.path) })
    }

    /// The file where it is HDF5.
    var hdf5: HDF5File? { if case .hdf5(let file) = container { file } else { nil } }

    /// The file where it is a safetensors file.
    var safetensors: SafetensorsFile? { if case .safetensors(let file) = container { file } else { nil } }

    /// Whether a file is a JSON object, by its first character.
    static func isJSON(_ entry: FileEntry) throws(CheckpointError) -> Bool {
        try MappedBytes(path: entry.path).withUnsafeBytes { bytes in
            bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        }
    }
}
