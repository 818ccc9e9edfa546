import ArchitectureSpecs
import HDF5
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
        path: String, options: LoadingOptions = LoadingOptions()
    ) throws(FileError) -> Model {
        let folder = try CheckpointFolder(path: path, config: options.config, reading: options.hdf5)
        if let file = try folder.reuseFile() { return try ReuseFile.read(file, options) }
        return try CheckpointOpening(folder, options).bound.get().complete(options)
    }

    /// Describes what is at a path from its metadata: no tensor is read.
    ///
    /// Succeeds for any readable file of tensors; `CheckpointSummary.problems` tells why `load` would refuse it.
    package static func describe(
        path: String, options: LoadingOptions = LoadingOptions()
    ) throws(FileError) -> CheckpointSummary {
        let folder = try CheckpointFolder(path: path, config: options.config, reading: options.hdf5)
        if let file = try folder.reuseFile() { return try ReuseFile.describe(file, options) }
        return try CheckpointSummary(CheckpointOpening(folder, options))
    }

    /// How tensors are stored: plain, ready to be mapped, or shuffled and compressed by zstd.
    package typealias Compression = HDF5Compression

    /// Writes a model as a `.reuse.h5` (docs/format.md).
    ///
    /// The file appears under its name complete, or not at all. The same model with the same options gives the same
    /// bytes, whatever the number of threads. Tensors that no node of the graph owns are left out.
    ///
    /// - Parameters:
    ///   - path: Replaced if it exists.
    ///   - toolVersion: Version of the program, for the manifest.
    ///   - cancellation: Asked between tensors; nothing is left when it ends the work.
    ///   - check: Called with the path of the complete file before it gets its name; throwing discards it.
    /// - Throws: `inputOutput` when the disk refuses, `defect` for a model that is not sound.
    package static func write(
        _ model: Model, to path: String, compression: Compression = .none, toolVersion: String,
        cancellation: Cancellation? = nil, check: (String) throws(FileError) -> Void = { _ in }
    ) throws(FileError) {
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw FileError(.defect, path: path, error.problems.map(\.description))
        }
        var stored = model
        let owned = Set(model.graph.nodes.flatMap { node in node.storedParameters.map { node.parameterID($0.name) } })
        stored.tensors = model.tensors.filter { owned.contains($0.key) }
        let writer = ReuseFileWriter(
            model: stored, compression: compression, toolVersion: toolVersion, cancellation: cancellation)
        try writer.write(to: path, check: check)
    }

    /// The tensors of a file, or of a folder's weights, under the files' own names, whatever model they belong to.
    ///
    /// - Throws: Also when a `.reuse.h5` is damaged anywhere, and when lists of names in a file contradict it.
    package static func tensors(
        at path: String, options: LoadingOptions = LoadingOptions()
    ) throws(FileError) -> TensorListing {
        let folder = try CheckpointFolder(path: path, reading: options.hdf5)
        var files = try folder.weightFiles().map { (entry: $0, prefix: "") }
        if folder.file == nil, folder.exists(KerasHub.headWeights) {
            files.append((folder.entry(KerasHub.headWeights), KerasHub.headPrefix))
        }
        // What follows the transformer of a sentence-transformers folder has files of its own.
        if folder.file == nil {
            for entry in folder.modules?.entries ?? [] where !entry.path.isEmpty && entry.className != "Transformer" {
                let weights = folder.rootEntry("\(entry.path)/model.safetensors")
                if folder.exists(weights) { files.append((weights, "\(entry.path)/")) }
            }
        }
        var listing = TensorListing()
        for (entry, prefix) in files {
            let file = try folder.file(entry)
            // A file with a digest over every byte is not taken at less.
            if ReuseFile.isReuseFile(file) { try ReuseFileCheck.check(file, options) }
            try listing.append(try folder.container(entry), prefix: prefix)
        }
        return listing
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
