import HDF5
import JSON
import ModelGraph
import Platform
import WeightFiles

/// The files of a checkpoint, opened: what dialects look at. No tensor has been read yet.
struct CheckpointContents: Sendable {
    let files: CheckpointFiles
    /// Files that hold tensors, in the order of their names.
    let weights: [WeightsFile]
    /// The configuration that the caller named, that is stored with the weights, or that stands beside them; `nil`
    /// where there is none.
    let config: JSONValue?

    init(_ files: CheckpointFiles) throws(FileError) {
        self.files = files
        var weights: [WeightsFile] = []
        for entry in try files.weightFiles() { weights.append(try WeightsFile(entry, reading: files.reading)) }
        self.weights = weights
        if let named = files.configFile {
            config = try KerasDocument.read(named, reading: files.reading)
            guard config != nil else {
                throw FileError(
                    .usage, path: named.path, "holds no configuration",
                    remedy: "--config takes a JSON, a .keras, or a whole Keras model in .h5")
            }
        } else if let stored = weights.lazy.compactMap(\.config).first {
            config = stored
        } else {
            config = try files.configEntry.map { entry throws(FileError) in
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
