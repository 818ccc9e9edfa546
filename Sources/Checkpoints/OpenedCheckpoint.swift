import ModelGraph
import Tensors

/// A checkpoint whose architecture is settled and whose tensors are bound, but not read.
struct OpenedCheckpoint: Sendable {
    let files: CheckpointFiles
    let source: CheckpointSource
    let spec: ArchitectureSpec
    let settings: Settings
    let expanded: ExpandedGraph
    let binding: Binding

    init(_ files: CheckpointFiles, architecture: String?) throws(CheckpointError) {
        guard let source = try CheckpointSource.recognise(files) else {
            throw CheckpointError(
                .unsupported, path: files.path, "the layout of this file is not known",
                remedy: "known are Hugging Face TensorFlow checkpoints and .reuse.h5 files")
        }
        let spec: ArchitectureSpec
        if let architecture {
            spec = try ArchitectureSpec(named: architecture)
        } else {
            let library = try SpecLibrary.builtIn()
            let ranking = library.rank(config: source.config, tensors: source.tensors, dialect: source.dialect)
            spec = try library.choose(ranking, claim: source.claim, path: files.path)
        }
        try self.init(files, source, spec)
    }

    init(_ files: CheckpointFiles, _ source: CheckpointSource, _ spec: ArchitectureSpec) throws(CheckpointError) {
        guard let table = spec.tensors[source.dialect] else {
            throw CheckpointError(
                .unsupported, path: files.path,
                "the architecture \(spec.name) has no tensor table for \(source.dialect)")
        }
        let resolver = SettingsResolver(
            spec: spec, config: source.config, vocabulary: source.vocabulary, table: table, tensors: source.tensors)
        switch resolver.settings() {
        case .success(let settings): self.settings = settings
        case .failure(let problems): throw CheckpointError(problems.list, path: files.path)
        }
        do throws(Problem) {
            expanded = try SpecExpander.expand(spec, settings)
        } catch {
            throw CheckpointError([error], path: files.path)
        }
        do throws(GraphError) {
            try expanded.graph.validate()
        } catch {
            throw CheckpointError(.corrupt, path: files.path, error.problems.map { "\(spec.name): \($0)" })
        }
        binding = TensorBinder(table: table, index: source.tensors, settings: settings).bind(expanded)
        self.files = files
        self.source = source
        self.spec = spec
    }

    /// The whole model.
    func model() throws(CheckpointError) -> Model {
        guard binding.problems.isEmpty else { throw CheckpointError(binding.problems, path: files.path) }
        var tensors: [String: Tensor] = [:]
        var problems: [Problem] = []
        for parameter in binding.parameters {
            let stored = try parameter.source.read()
            guard let tensor = parameter.rule.parameter(from: stored, shape: parameter.shape) else {
                problems.append(Problem(.corrupt, "\(parameter.source.name.printable) does not give \(parameter.path)"))
                continue
            }
            tensors[parameter.path] = tensor
        }
        problems += try differingCopies()
        guard problems.isEmpty else { throw CheckpointError(problems, path: files.path) }
        let model = Model(
            graph: expanded.graph, tensors: tensors, assets: try files.assets(), provenance: try provenance(),
            traits: traits)
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw CheckpointError(.corrupt, path: files.path, error.problems.map(\.description))
        }
        return model
    }

    /// Shared variables are stored once an owner: copies that differ would make the model depend on who reads which.
    private func differingCopies() throws(CheckpointError) -> [Problem] {
        var problems: [Problem] = []
        for name in source.tensors.names {
            guard case .parameter? = binding.roles[name] else { continue }
            let copies = source.tensors.copies(of: name)
            guard copies.count > 1 else { continue }
            let first = try copies[0].read()
            for copy in copies.dropFirst() {
                let other = try copy.read()
                if other.dtype != first.dtype || other.shape != first.shape || !first.hasSameBytes(as: other) {
                    let places = "\(copies[0].path.printable) and \(copy.path.printable)"
                    problems.append(Problem(.corrupt, "\(places) are copies of one variable and differ"))
                }
            }
        }
        return problems
    }

    private func provenance() throws(CheckpointError) -> Model.Provenance {
        var entries: [Model.Provenance.File] = []
        var names = source.weightFiles
        if files.exists("config.json") { names.append(files.entry("config.json")) }
        for entry in names {
            entries.append(.init(name: entry.name, sha256: try MappedBytes(path: entry.path).digest.hex))
        }
        return Model.Provenance(files: entries, dialect: source.dialect, architecture: spec.name)
    }

    var traits: Model.Traits {
        let longest = try? spec.traits?.maximumTokens?.integer(in: settings)
        let hasLabels = (try? (spec.traits?.labelsWhen).holds(in: settings)) ?? false
        guard hasLabels, let key = spec.traits?.labels?[source.vocabulary],
            let names = source.config[path: key]?.objectValue
        else { return Model.Traits(maximumTokens: longest) }
        // {"0": "NEGATIVE", "1": "POSITIVE"}; gaps would shift the names, so then there are none.
        let labels = (0..<names.count).compactMap { names[String($0)]?.stringValue }
        return Model.Traits(maximumTokens: longest, labels: labels.count == names.count ? labels : [])
    }
}

extension CheckpointSource {
    /// The checkpoint in the first dialect that knows it.
    static func recognise(_ files: CheckpointFiles) throws(CheckpointError) -> CheckpointSource? {
        for dialect in dialects {
            if let source = try dialect.open(files) { return source }
        }
        return nil
    }
}

extension ArchitectureSpec {
    /// A built-in spec by name, or one from a file.
    init(named name: String) throws(CheckpointError) {
        let library = try SpecLibrary.builtIn()
        if let spec = library.specs.first(where: { $0.name == name }) {
            self = spec
            return
        }
        guard name.contains("/") || name.hasSuffix(".json") else {
            throw CheckpointError(
                .usage, path: name, "is not a built-in architecture",
                remedy: "known are \(library.names); a spec of your own is given by its path")
        }
        let bytes = try MappedBytes(path: name)
        guard bytes.count <= 4 << 20 else {
            throw CheckpointError(.usage, path: name, "is too large for an architecture spec")
        }
        try self.init(bytes.withUnsafeBytes { Array($0) }, path: name)
    }
}

extension Tensor {
    fileprivate func hasSameBytes(as other: Tensor) -> Bool {
        withUnsafeBytes { left in
            other.withUnsafeBytes { right in
                // A hard link or one variable read twice: the same bytes of the same mapping.
                left.baseAddress == right.baseAddress || left.elementsEqual(right)
            }
        }
    }
}
