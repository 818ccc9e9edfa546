import ArchitectureSpecs
import HDF5
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
        private let source: SourceTensor

        init(_ source: SourceTensor, role: TensorRole) {
            name = source.path
            file = source.file
            commonName = source.name
            self.role = role
            dtype = source.dtype
            shape = source.shape
            filters = source.filters
            storedByteCount = source.storedByteCount
            self.source = source
        }

        /// Reads the contents as they are stored: own orientation, own type.
        package func read() throws(FileError) -> Tensor { try source.read() }
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

    init(
        dialect: String, dialectReasons: [String], dialects: [DialectMatch] = [], architecture: String?,
        candidates: [Recognition] = [], graph: CheckedGraph?, traits: Model.Traits?, plan: ReusePlan? = nil,
        tensors: [TensorEntry], problems: [String]
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
    }
}

extension CheckpointSummary {
    init(_ files: CheckpointFiles, architecture: String?) throws(FileError) {
        if files.configEntry != nil { SpecLibrary.readAhead() }
        let contents = try CheckpointContents(files)
        let dialects = try contents.rankedDialects()
        let source: CheckpointSource
        do throws(FileError) {
            source = try contents.source(dialects)
        } catch  where error.kind == .unsupported {
            self.init(plain: contents, dialects: dialects, problems: error.problems)
            return
        }
        let reasons = dialects.first?.reasons ?? []
        var candidates: [Recognition] = []
        var architecture = architecture
        do throws(FileError) {
            let opened: OpenedCheckpoint
            if let architecture {
                opened = try OpenedCheckpoint(files, source, named: architecture)
            } else if let ownGraph = source.ownGraph {
                opened = try OpenedCheckpoint(files, source, try ownGraph([]))
            } else {
                let library = try SpecLibrary.builtIn()
                candidates = library.rank(config: source.config, tensors: source.tensors, dialect: source.dialect)
                let spec = try library.choose(candidates, claim: source.claim, path: files.path)
                architecture = spec.name
                opened = try OpenedCheckpoint(files, source, spec)
            }
            self.init(
                dialect: source.dialect, dialectReasons: reasons, dialects: dialects,
                architecture: opened.architecture, candidates: candidates, graph: opened.graph, traits: opened.traits,
                plan: .trained(opened.graph), tensors: Self.entries(source.tensors, roles: opened.binding.roles),
                problems: opened.binding.problems.map(\.message))
        } catch  where error.kind != .usage {
            self.init(
                dialect: source.dialect, dialectReasons: reasons, dialects: dialects, architecture: architecture,
                candidates: candidates, graph: nil, traits: nil, tensors: Self.entries(source.tensors, roles: [:]),
                problems: error.problems)
        }
    }

    /// Every tensor of files that no dialect knows.
    private init(plain contents: CheckpointContents, dialects: [DialectMatch], problems: [String]) {
        var tensors: [SourceTensor] = []
        var problems = problems
        for weights in contents.weights {
            do throws(FileError) {
                tensors += try weights.safetensorsTensors()
            } catch {
                problems += error.problems
            }
            for dataset in weights.hdf5?.datasets ?? [] {
                do throws(FileError) {
                    tensors.append(try SourceTensor(dataset, name: dataset.path, path: dataset.path, in: weights.entry))
                } catch {
                    problems += error.problems
                }
            }
        }
        self.init(
            dialect: contents.hdf5 == nil ? Safetensors.name : "hdf5", dialectReasons: ["no dialect knows the layout"],
            dialects: dialects, architecture: nil,
            graph: nil, traits: nil, tensors: tensors.map { TensorEntry($0, role: .unknown) }, problems: problems)
    }

    private static func entries(_ index: TensorIndex, roles: [String: TensorRole]) -> [TensorEntry] {
        var seen: Set<String> = []
        return index.tensors.map { tensor in
            let isFirst = seen.insert(tensor.name).inserted
            let role = roles[tensor.name] ?? .unknown
            if case .parameter = role, !isFirst { return TensorEntry(tensor, role: .copy) }
            return TensorEntry(tensor, role: role)
        }
    }
}
