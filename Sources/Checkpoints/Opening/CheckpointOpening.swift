import ArchitectureSpecs
import KerasFiles
import Platform
import WeightFiles

/// The steps from files to a graph whose parameters are bound, and what each of them found, however far it went.
struct CheckpointOpening: Sendable {
    let files: OpenFiles
    /// All dialects with scores and reasons, best first.
    let dialects: [DialectMatch]
    /// The checkpoint in its dialect, or why there is none.
    let recognized: Result<RecognizedCheckpoint, FileError>
    /// All architectures with scores and reasons, best first; empty where the caller says which, or the checkpoint
    /// brings a graph of its own.
    let candidates: [Recognition]
    /// Name of the architecture, also where it does not bind; `nil` when none fits.
    let architecture: String?
    /// The checkpoint with its graph and the tensors of all parameters, or why there is none.
    let bound: Result<BoundCheckpoint, FileError>

    /// - Throws: When the files cannot be opened.
    init(_ folder: CheckpointFolder, _ options: LoadingOptions) throws(FileError) {
        // The built-in architectures are needed soon where there is a configuration.
        if folder.configEntry != nil { SpecLibrary.readAhead() }
        if folder.exists("adapter_config.json") {
            throw FileError(
                .unsupported, path: folder.entry("adapter_config.json").path,
                "names an adapter that changes the weights beside it, which is not handled",
                remedy: "merge the adapter into the model (peft's merge_and_unload), and save that")
        }
        let modules = try SentenceModules(folder, waived: options.ignoredSettings)
        let files = try OpenFiles(folder, options)
        let dialects = try files.rankedDialects()
        let recognized = Result { () throws(FileError) in try files.recognized(dialects).adding(modules) }
        var choice = ArchitectureChoice(name: options.architecture, ignoredSettings: options.ignoredSettings)
        choice.claims.assumptions = options.assumptions
        bound = Result { () throws(FileError) in try choice.bind(try recognized.get()) }
        self.files = files
        self.dialects = dialects
        self.recognized = recognized
        candidates = choice.candidates
        architecture = choice.name
    }
}

/// Which graph a checkpoint is given, and what is known of it before it binds.
private struct ArchitectureChoice {
    /// Said by the caller, or found.
    var name: String?
    var candidates: [Recognition] = []
    /// What the caller says of classes whose code no file holds.
    var claims = LayerClaims()

    private let ignoredSettings: Set<String>

    init(name: String?, ignoredSettings: Set<String>) {
        self.name = name
        self.ignoredSettings = ignoredSettings
    }

    /// The checkpoint with the graph that the caller names, that it brings itself, or that its contents speak for.
    mutating func bind(_ checkpoint: RecognizedCheckpoint) throws(FileError) -> BoundCheckpoint {
        let bound: BoundCheckpoint
        if !claims.assumptions.isEmpty, checkpoint.ownGraphs == nil {
            throw FileError(
                .usage, path: checkpoint.folder.path,
                "its architecture leaves nothing open: --assume is for classes of "
                    + "Keras models whose code no file holds")
        }
        if let name {
            bound = try bind(checkpoint, to: name)
        } else if let ownGraphs = checkpoint.ownGraphs {
            bound = try BoundCheckpoint(checkpoint, try ownGraphs(claims).graph())
        } else {
            let library = try SpecLibrary.builtIn()
            candidates = library.rank(
                config: checkpoint.config, tensors: checkpoint.tensors, dialect: checkpoint.dialect)
            let spec: ArchitectureSpec
            do throws(FileError) {
                spec = try library.choose(candidates, claim: checkpoint.claim, path: checkpoint.folder.path)
            } catch {
                // Weights that were quantised have other names, and fit nothing.
                throw try CommonKeys.refusal(of: checkpoint.config, path: checkpoint.folder.path) ?? error
            }
            name = spec.name
            bound = try BoundCheckpoint(checkpoint, spec, ignoring: ignoredSettings)
        }
        name = bound.architecture
        return bound
    }

    /// What the caller says: a spec, or what layers of the checkpoint's own graph are made of.
    private func bind(
        _ checkpoint: RecognizedCheckpoint, to name: String
    ) throws(FileError) -> BoundCheckpoint {
        guard let layers = try CustomLayer.layers(named: name) else {
            return try BoundCheckpoint(checkpoint, try ArchitectureSpec(named: name), ignoring: ignoredSettings)
        }
        guard let ownGraphs = checkpoint.ownGraphs else {
            throw FileError(
                .usage, path: name, "describes layers, and the checkpoint has no graph that has any",
                remedy: "give a spec of the whole architecture")
        }
        var claims = claims
        claims.layers = layers
        return try BoundCheckpoint(checkpoint, try ownGraphs(claims).graph())
    }
}
