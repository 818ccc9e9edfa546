import ArchitectureSpecs
import HDF5
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Reading of checkpoints: a folder with weights, configuration and tokenizer, or one `.reuse.h5`.
package enum Checkpoint {
    /// Reads a model.
    ///
    /// Weights stay views of the mapped file where they are stored as they are used; float16 stays float16.
    ///
    /// - Parameters:
    ///   - path: A folder with weights (or shards with their index) and a configuration, the weights file itself, or a
    ///     `.reuse.h5`.
    ///   - architecture: Name of a built-in architecture, or path of a spec (`docs/architecture-specs.md`); `nil`: the
    ///     one that the contents speak for.
    ///   - config: File that tells the configuration; `nil`: `config.json` beside the weights.
    ///   - allowMissing: Whether biases, offsets and scales that the checkpoint lacks are taken for 0 and 1;
    ///     `Model.Provenance.assumed` lists them. Matrices and tables are never made up.
    ///   - reading: How HDF5 files are read: by which helper, within which limits.
    /// - Throws: Everything that does not fit, at once: missing, superfluous and misshapen tensors, unknown options.
    package static func load(
        path: String, architecture: String? = nil, config: String? = nil, allowMissing: Bool = false,
        reading: HDF5ReadingOptions = .standard
    ) throws(FileError) -> Model {
        let files = try CheckpointFiles(path: path, config: config, reading: reading)
        if let file = try files.reuseFile() { return try ReuseFile.read(path: file.path, reading: reading) }
        return try OpenedCheckpoint(files, architecture: architecture).model(allowMissing: allowMissing)
    }

    /// Describes what is at a path from its metadata: no tensor is read.
    ///
    /// Succeeds for any readable file of tensors; `CheckpointSummary.problems` tells why `load` would refuse it.
    package static func describe(
        path: String, architecture: String? = nil, config: String? = nil, reading: HDF5ReadingOptions = .standard
    ) throws(FileError) -> CheckpointSummary {
        let files = try CheckpointFiles(path: path, config: config, reading: reading)
        if let file = try files.reuseFile() { return try ReuseFile.describe(path: file.path, reading: reading) }
        return try CheckpointSummary(files, architecture: architecture)
    }

    /// The files that hold the weights of a checkpoint: those of a folder, the shards of an index, or the file itself.
    package static func weightFiles(at path: String) throws(FileError) -> [String] {
        try CheckpointFiles(path: path).weightFiles().map(\.path)
    }

    /// Names of the built-in architectures.
    package static var architectures: [String] {
        (try? SpecLibrary.builtIn())?.specs.map(\.name) ?? []
    }
}
