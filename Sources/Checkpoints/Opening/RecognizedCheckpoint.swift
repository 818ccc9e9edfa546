import ArchitectureSpecs
import Files
import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// A checkpoint in its dialect: everything that a spec is compared with and bound to. No tensor has been read yet.
struct RecognizedCheckpoint: Sendable {
    /// Where it comes from.
    let folder: CheckpointFolder
    /// `hf-tf` …: key of the specs' tensor tables.
    let dialect: String
    /// The configuration, and whose keys it uses.
    let config: ModelConfiguration
    private(set) var tensors: TensorCatalog
    /// Files that the model is read from, for its provenance: weights, then configurations.
    let files: [MappedFile]
    /// Tokenizer, configuration and preprocessing files by the names under which the model carries them.
    let assets: [(name: String, entry: FileEntry)]
    /// Tensors that are no part of any model of the dialect: an optimizer's state.
    let ignored: [ParameterSources.Ignored]
    /// What follows the transformer of a sentence-transformers folder; `nil` for other checkpoints.
    private(set) var sentences: SentenceModules?
    /// The graphs that the checkpoint itself describes, with the help of what the caller says of its layers; `nil`
    /// where only a spec can tell it.
    let ownGraphs: (@Sendable (LayerClaims) throws(FileError) -> OwnGraphs)?

    init(
        folder: CheckpointFolder, dialect: String, vocabulary: String, config: JSONValue, tensors: TensorCatalog,
        files: [MappedFile], assets: [(name: String, entry: FileEntry)], ignored: [ParameterSources.Ignored] = [],
        ownGraphs: (@Sendable (LayerClaims) throws(FileError) -> OwnGraphs)? = nil
    ) {
        self.folder = folder
        self.dialect = dialect
        self.config = ModelConfiguration(config, vocabulary: vocabulary)
        self.tensors = tensors
        self.files = files
        self.assets = assets
        self.ignored = ignored
        self.ownGraphs = ownGraphs
    }

    /// The checkpoint with the modules that follow it.
    func adding(_ modules: SentenceModules?) throws(FileError) -> RecognizedCheckpoint {
        guard let modules else { return self }
        guard ownGraphs == nil else {
            throw FileError(
                .unsupported, path: folder.path,
                "modules.json stands beside a Keras model, and follows transformers only")
        }
        var result = self
        result.sentences = modules
        result.tensors = TensorCatalog(tensors.tensors + modules.tensors)
        return result
    }

    /// What the configuration says of itself.
    var claim: String {
        for key in ["model_type", "class_name", "architectures"] {
            guard let value = config.document[key] else { continue }
            let words = (value.arrayValue ?? [value]).compactMap(\.stringValue).prefix(3)
            if !words.isEmpty { return "\(key) is " + words.map { "\"\($0.printable)\"" }.joined(separator: ", ") }
        }
        return "the configuration names no architecture"
    }
}

/// A graph that comes with the checkpoint, as a functional Keras model's does.
struct OwnGraph: Sendable {
    /// Stands in provenance and summaries where a spec's name would: `keras-functional`.
    let architecture: String
    let graph: Graph
    /// The tensors that give the graph's own parameters.
    let sources: ParameterSources
    let traits: Model.Traits
    /// What it takes for granted about classes whose code no file holds.
    var assumptions: [Model.Provenance.Assumption] = []
    /// Whether the framework computes it in 16 bits.
    var isCoarse = false
    /// What was decided that a user should know, a sentence each.
    var notes: [String] = []
}
