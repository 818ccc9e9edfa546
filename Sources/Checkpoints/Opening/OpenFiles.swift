import HDF5
import JSON
import ModelGraph
import Platform
import WeightFiles

/// The files of a checkpoint, opened: what dialects look at. No tensor has been read yet.
struct OpenFiles: Sendable {
    let folder: CheckpointFolder
    /// Files that hold tensors, in the order of their names.
    let weights: [WeightContainer]
    /// The configuration that the caller named, that is stored with the weights, or that stands beside them, without
    /// what the caller does not want to count; `nil` where there is none.
    let config: JSONValue?
    /// What the caller does not want to count.
    let ignoredSettings: Set<String>

    init(_ folder: CheckpointFolder, _ options: LoadingOptions) throws(FileError) {
        self.folder = folder
        var weights: [WeightContainer] = []
        for entry in try folder.weightFiles() {
            try options.cancellation.check(folder.path)
            weights.append(try folder.container(entry))
        }
        self.weights = weights
        ignoredSettings = options.ignoredSettings
        let found: JSONValue?
        if let named = folder.configFile {
            found = try KerasDocument.read(try folder.file(named), reading: folder.reading)
            guard found != nil else {
                throw FileError(
                    .usage, path: named.path, "holds no configuration",
                    remedy: "--config takes a JSON, a .keras, or a whole Keras model in .h5")
            }
        } else if let stored = weights.lazy.compactMap(\.config).first {
            found = stored
        } else {
            found = try folder.configEntry.map { entry throws(FileError) in
                try folder.settings(entry)
            }
        }
        config = found?.removing(options.ignoredSettings)
    }

    /// All files as HDF5 with the paths by which the caller knows them; `nil` when one is something else.
    var hdf5: [(path: String, file: HDF5File)]? {
        let opened = weights.compactMap { weight in weight.hdf5.map { (weight.file.path, $0) } }
        return opened.count == weights.count ? opened : nil
    }
}
