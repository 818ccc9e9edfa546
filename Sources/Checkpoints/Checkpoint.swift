import ArchitectureSpecs
import HDF5
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Checkpoints on disk: reading a folder with weights, configuration and tokenizer, or one `.reuse.h5`, and writing the
/// latter.
///
/// The way of one tensor, and what each step is called:
///
/// | step | type | what it is |
/// | --- | --- | --- |
/// | which files | ``CheckpointFolder`` | what the caller pointed at: a folder, or a file with others beside it |
/// | one file of tensors | ``WeightContainer`` | HDF5, safetensors or a `.keras` archive, by its contents |
/// | all of them | `OpenFiles` | the containers, and the configuration wherever it stands |
/// | one tensor in a file | ``StoredTensor`` | name, type, shape, and a way to read it |
/// | all of them, by name | ``TensorCatalog`` | under the names that all writers of a dialect have in common |
/// | the layout is known | `RecognizedCheckpoint` | the catalog, the configuration and what the dialect leaves out |
/// | what a graph asks for | ``ParameterSources`` | names and layout of the tensors that give each parameter |
/// | asked and found | ``Binding`` | a ``BoundParameter`` each with its tensors; what is missing or left over |
/// | graph and binding | `BoundCheckpoint` | everything but the numbers |
/// | every step, as far as it went | `CheckpointOpening` | what `load` ends in and `describe` tells |
/// | the numbers | ``Model`` | graph and parameters |
package enum Checkpoint {
    /// Reads a model.
    ///
    /// Weights stay views of the mapped file where they are stored as they are used; float16 stays float16.
    ///
    /// - Parameter path: A folder with weights (or shards with their index) and a configuration, the weights file
    ///   itself, or a `.reuse.h5`.
    /// - Throws: Everything that does not fit, at once: missing, superfluous and misshapen tensors, unknown options.
    package static func load(
        path: String, options: ReadingOptions = ReadingOptions()
    ) throws(FileError) -> Model {
        let folder = try CheckpointFolder(path: path, config: options.config, reading: options.hdf5)
        if let file = try folder.reuseFile() { return try ReuseFile.read(path: file.path, reading: options.hdf5) }
        return try CheckpointOpening(folder, options).bound.get().model(options)
    }

    /// Describes what is at a path from its metadata: no tensor is read.
    ///
    /// Succeeds for any readable file of tensors; `CheckpointSummary.problems` tells why `load` would refuse it.
    package static func describe(
        path: String, options: ReadingOptions = ReadingOptions()
    ) throws(FileError) -> CheckpointSummary {
        let folder = try CheckpointFolder(path: path, config: options.config, reading: options.hdf5)
        if let file = try folder.reuseFile() { return try ReuseFile.describe(path: file.path, reading: options.hdf5) }
        return try CheckpointSummary(CheckpointOpening(folder, options))
    }

    /// The files that hold the weights of a checkpoint: those of a folder, the shards of an index, or the file itself.
    package static func weightFiles(at path: String) throws(FileError) -> [String] {
        try CheckpointFolder(path: path).weightFiles().map(\.path)
    }

    /// Names of the built-in architectures.
    package static var architectures: [String] {
        (try? SpecLibrary.builtIn())?.specs.map(\.name) ?? []
    }
}
