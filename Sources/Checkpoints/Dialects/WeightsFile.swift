import HDF5
import ModelGraph

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
}
