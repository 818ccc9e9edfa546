import ModelGraph
import Tensors

/// Reading of checkpoints: a folder with weights, configuration and tokenizer, or one `.reuse.h5`.
public enum Checkpoint {
    /// Reads a model.
    ///
    /// Weights stay views of the mapped file where they are stored as they are used; float16 stays float16.
    ///
    /// - Parameters:
    ///   - path: A folder with `tf_model.h5` (or shards with their index) and `config.json`, the weights file itself,
    ///     or a `.reuse.h5`.
    ///   - architecture: Name of a built-in architecture, or path of a spec (`docs/architecture-specs.md`); `nil`: the
    ///     one that the contents speak for.
    /// - Throws: Everything that does not fit, at once: missing, superfluous and misshapen tensors, unknown options.
    public static func load(path: String, architecture: String? = nil) throws(CheckpointError) -> Model {
        let files = try CheckpointFiles(path: path)
        if let file = try files.reuseFile() { return try ReuseFile.read(path: file.path) }
        let opened = try OpenedCheckpoint(files, architecture: architecture)
        return try opened.model()
    }

    /// Describes what is at a path from its metadata: no tensor is read.
    ///
    /// Succeeds for any readable HDF5 file; `CheckpointSummary.problems` tells why `load` would refuse it.
    public static func describe(path: String, architecture: String? = nil) throws(CheckpointError) -> CheckpointSummary
    {
        let files = try CheckpointFiles(path: path)
        if let file = try files.reuseFile() { return try ReuseFile.describe(path: file.path) }
        return try CheckpointSummary(files, architecture: architecture)
    }

    /// Names of the built-in architectures.
    public static var architectures: [String] {
        (try? SpecLibrary.builtIn())?.specs.map(\.name) ?? []
    }
}
