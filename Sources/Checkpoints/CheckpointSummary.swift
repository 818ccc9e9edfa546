import ArchitectureSpecs
import HDF5
import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// What is at a path, told from metadata alone.
package struct CheckpointSummary: Sendable {
    /// A stored tensor.
    package struct TensorEntry: Sendable {
        /// The file's own name for it.
        package let name: String
        /// File name without folders.
        package let file: String
        /// The name that all writers of the dialect have in common.
        package let commonName: String
        /// What the tensor is used for.
        package let role: TensorRole
        /// Type of the stored elements.
        package let dtype: DType
        /// Extents as stored.
        package let shape: Shape
        /// Filters that its bytes went through, in order of writing.
        package let filters: [String]
        /// Bytes in the file.
        package let storedByteCount: Int
        private let tensor: StoredTensor

        init(_ tensor: StoredTensor, role: TensorRole) {
            name = tensor.path
            file = tensor.file
            commonName = tensor.name
            self.role = role
            dtype = tensor.dtype
            shape = tensor.shape
            filters = tensor.filters
            storedByteCount = tensor.storedByteCount
            self.tensor = tensor
        }

        /// Reads the contents as they are stored: own orientation, own type.
        package func read() throws(FileError) -> Tensor { try tensor.read() }
    }

    /// How the files are laid out: `hf-tf`, `reuse`, or `hdf5` when no dialect knows them.
    package let dialect: String
    /// Why the files were taken for this dialect.
    package let dialectReasons: [String]
    /// All dialects with scores and reasons, best first; empty for a `.reuse.h5`.
    package let dialects: [DialectMatch]
    /// Name of the architecture spec, also where it does not bind; `nil` when none fits.
    package let architecture: String?
    /// All architectures with scores and reasons, best first; empty for a `.reuse.h5`.
    package let candidates: [Recognition]
    /// The graph; `nil` when there is no architecture or the configuration contradicts it.
    package let graph: CheckedGraph?
    /// What a user meets around the graph; `nil` when there is no graph.
    package let traits: Model.Traits?
    /// The plan that the model was converted by, or trained with; `nil` where all heads compute a map.
    package let plan: ReusePlan?
    /// All stored tensors in the order of the files.
    package let tensors: [TensorEntry]
    /// Why `Checkpoint.load` would refuse the checkpoint; empty when it would not.
    package let problems: [String]
    /// What was taken for granted about classes whose code no file holds.
    package var assumptions: [Model.Provenance.Assumption] = []
    /// How the model agreed with its own framework; `nil`: nobody has compared.
    package var proof: Model.Provenance.Proof?
    /// What became of every key of the configuration; `nil` where nothing accounts for them.
    package let configuration: KeyLedger?
    /// The same for the settings of what follows the transformer.
    package let further: [KeyLedger]
    /// What was decided that a user should know, a sentence each.
    package let notes: [String]
    /// Contents of the settings files beside the weights, by name.
    package private(set) var settingsFiles: [String: [UInt8]] = [:]

    init(
        dialect: String, dialectReasons: [String], dialects: [DialectMatch] = [], architecture: String?,
        candidates: [Recognition] = [], graph: CheckedGraph?, traits: Model.Traits?, plan: ReusePlan? = nil,
        tensors: [TensorEntry], problems: [String], configuration: KeyLedger? = nil,
        further: [KeyLedger] = [], notes: [String] = []
    ) {
        self.dialect = dialect
        self.dialectReasons = dialectReasons
        self.dialects = dialects
        self.architecture = architecture
        self.candidates = candidates
        self.graph = graph
        self.traits = traits
        self.plan = plan
        self.tensors = tensors
        self.problems = problems
        self.configuration = configuration
        self.further = further
        self.notes = notes
    }
}

extension CheckpointSummary {
    /// What opening found out.
    ///
    /// - Throws: What keeps the files from being described at all: damage, and a wrong request.
    init(_ opening: CheckpointOpening) throws(FileError) {
        let checkpoint: RecognizedCheckpoint
        do throws(FileError) {
            checkpoint = try opening.recognized.get()
        } catch  where error.kind == .unsupported {
            self.init(plain: opening.files, dialects: opening.dialects, problems: error.problems)
            return
        }
        var bound: BoundCheckpoint?
        var problems: [String]
        do throws(FileError) {
            let opened = try opening.bound.get()
            problems = (opened.ledger?.problems ?? []).map(\.message) + opened.binding.problems.map(\.message)
            bound = opened
        } catch  where error.kind != .usage {
            problems = error.problems
        }
        self.init(
            dialect: checkpoint.dialect, dialectReasons: opening.dialects.first?.reasons ?? [],
            dialects: opening.dialects, architecture: opening.architecture, candidates: opening.candidates,
            graph: bound?.graph, traits: bound?.traits, plan: bound.flatMap { .trained($0.graph) },
            tensors: Self.entries(checkpoint.tensors, roles: bound?.binding.roles ?? [:]), problems: problems,
            configuration: bound?.ledger,
            further: bound?.source.sentences?.ledgers ?? [], notes: bound?.notes ?? [])
        assumptions = bound?.assumptions ?? []
        for (name, entry) in checkpoint.assets where Self.settingsNames.contains(name) {
            settingsFiles[name] = try checkpoint.folder.asset(entry)
        }
    }

    private static let settingsNames: Set = [
        "tokenizer_config.json", "preprocessor_config.json", "generation_config.json",
    ]

    /// Every tensor of files that no dialect knows.
    private init(plain files: OpenFiles, dialects: [DialectMatch], problems: [String]) {
        var tensors: [StoredTensor] = []
        var problems = problems
        for weights in files.weights {
            do throws(FileError) {
                tensors += try weights.safetensorsTensors()
            } catch {
                problems += error.problems
            }
            for dataset in weights.hdf5?.datasets ?? [] {
                do throws(FileError) {
                    tensors.append(
                        try StoredTensor(dataset, name: dataset.path, path: dataset.path, in: weights.file.path))
                } catch {
                    problems += error.problems
                }
            }
        }
        self.init(
            dialect: files.hdf5 == nil ? Safetensors.name : "hdf5", dialectReasons: ["no dialect knows the layout"],
            dialects: dialects, architecture: nil,
            graph: nil, traits: nil, tensors: tensors.map { TensorEntry($0, role: .unknown) }, problems: problems)
    }

    private static func entries(_ catalog: TensorCatalog, roles: [String: TensorRole]) -> [TensorEntry] {
        var seen: Set<String> = []
        return catalog.tensors.map { tensor in
            let isFirst = seen.insert(tensor.name).inserted
            let role = roles[tensor.name] ?? .unknown
            if case .parameter(let owners) = role, !isFirst, let owner = owners.first {
                return TensorEntry(tensor, role: .copy(owner))
            }
            return TensorEntry(tensor, role: role)
        }
    }
}
