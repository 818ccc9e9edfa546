import HDF5
import ModelGraph

/// The files of a checkpoint, opened: what dialects look at. No tensor has been read yet.
struct CheckpointContents: Sendable {
    let files: CheckpointFiles
    /// Files that hold tensors, in the order of their names.
    let weights: [WeightsFile]
    /// The configuration that the caller named, that is stored with the weights, or that stands beside them; `nil`
    /// where there is none.
    let config: JSONValue?

    init(_ files: CheckpointFiles) throws(CheckpointError) {
        self.files = files
        var weights: [WeightsFile] = []
        for entry in try files.weightFiles() { weights.append(try WeightsFile(entry)) }
        self.weights = weights
        if let named = files.configFile {
            config = try KerasDocument.read(named)
            guard config != nil else {
                throw CheckpointError(
                    .usage, path: named.path, "holds no configuration",
                    remedy: "--config takes a JSON, a .keras, or a whole Keras model in .h5")
            }
        } else if let stored = weights.lazy.compactMap(\.config).first {
            config = stored
        } else {
            config = try files.configEntry.map { entry throws(CheckpointError) in
                try CheckpointFiles.document(entry)
            }
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
        case kerasArchive(KerasArchive)
    }

    let entry: FileEntry
    let container: Container
    /// The model's configuration, where it is stored with the weights.
    let config: JSONValue?

    init(_ entry: FileEntry) throws(CheckpointError) {
        self.entry = entry
        let bytes = try MappedBytes(path: entry.path)
        if SafetensorsFile.isOne(bytes, path: entry.path) {
            container = .safetensors(try SafetensorsFile(bytes, path: entry.path))
            config = nil
            return
        }
        if bytes.withUnsafeBytes({ FileContent($0.prefix(512), byteCount: $0.count) }) == .zipArchive {
            let archive = try KerasArchive(entry, isWithWeights: true)
            container = .kerasArchive(archive)
            config = archive.config
            return
        }
        let file = try CheckpointError.mapping { () throws(HDF5Error) in try HDF5File.open(path: entry.path) }
        container = .hdf5(file)
        config = try KerasDocument.attribute(of: file, entry)
    }

    /// The file where it is HDF5, or the one inside an archive.
    var hdf5: HDF5File? {
        switch container {
        case .hdf5(let file): file
        case .kerasArchive(let archive): archive.weights
        case .safetensors: nil
        }
    }

    /// The file where it is a safetensors file.
    var safetensors: SafetensorsFile? { if case .safetensors(let file) = container { file } else { nil } }

    /// Whether a file is a JSON object, by its first character.
    static func isJSON(_ entry: FileEntry) throws(CheckpointError) -> Bool {
        try MappedBytes(path: entry.path).withUnsafeBytes { bytes in
            bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        }
    }
}
