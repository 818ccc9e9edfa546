import ArchitectureSpecs
import Files
import JSON
import KerasModels
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// A checkpoint whose architecture is settled and whose tensors are bound, but not read.
struct OpenedCheckpoint: Sendable {
    let files: CheckpointFiles
    let source: CheckpointSource
    /// Name of the spec, or of the graph that the checkpoint brought.
    let architecture: String
    let graph: CheckedGraph
    let traits: Model.Traits
    let binding: Binding

    /// - Parameter architecture: Name or path of a spec, or path of what layers are made of; `nil`: the checkpoint's
    ///   own graph, or the spec that the contents speak for.
    init(_ files: CheckpointFiles, architecture: String?) throws(FileError) {
        if files.configEntry != nil { SpecLibrary.readAhead() }
        let contents = try CheckpointContents(files)
        let source = try contents.source(try contents.rankedDialects())
        if let architecture {
            try self.init(files, source, named: architecture)
        } else if let ownGraph = source.ownGraph {
            try self.init(files, source, try ownGraph([]))
        } else {
            let library = try SpecLibrary.builtIn()
            let ranking = library.rank(config: source.config, tensors: source.tensors, dialect: source.dialect)
            try self.init(files, source, try library.choose(ranking, claim: source.claim, path: files.path))
        }
    }

    /// What the caller says: a spec, or what layers of the checkpoint's own graph are made of.
    init(_ files: CheckpointFiles, _ source: CheckpointSource, named architecture: String) throws(FileError) {
        guard let layers = try CustomLayer.layers(named: architecture) else {
            try self.init(files, source, try ArchitectureSpec(named: architecture))
            return
        }
        guard let ownGraph = source.ownGraph else {
            throw FileError(
                .usage, path: architecture, "describes layers, and the checkpoint has no graph that has any",
                remedy: "give a spec of the whole architecture")
        }
        try self.init(files, source, try ownGraph(layers))
    }

    /// The graph that the checkpoint brought.
    init(_ files: CheckpointFiles, _ source: CheckpointSource, _ own: OwnGraph) throws(FileError) {
        do throws(GraphError) {
            graph = try own.graph.checked()
        } catch {
            throw FileError(.corrupt, path: files.path, error.problems.map(\.description))
        }
        binding = source.bind(own.graph, own.places)
        self.files = files
        self.source = source
        architecture = own.architecture
        traits = own.traits
    }

    /// A spec's graph.
    init(_ files: CheckpointFiles, _ source: CheckpointSource, _ spec: ArchitectureSpec) throws(FileError) {
        if let reason = spec.unsupported {
            throw FileError(.unsupported, path: files.path, "\(spec.title): \(reason)")
        }
        guard let table = spec.table(for: source.dialect) else {
            throw FileError(
                .unsupported, path: files.path,
                "the architecture \(spec.name) has no tensor table for \(source.dialect)")
        }
        let resolver = SettingsResolver(
            spec: spec, config: source.config, vocabulary: source.vocabulary, table: table, tensors: source.tensors)
        let settings: Settings
        switch resolver.settings() {
        case .success(let resolved): settings = resolved
        case .failure(let problems): throw FileError(problems.list, path: files.path)
        }
        let expanded: ExpandedGraph
        do throws(Problem) {
            expanded = try SpecExpander.expand(spec, settings)
        } catch {
            throw FileError([error], path: files.path)
        }
        do throws(GraphError) {
            graph = try expanded.graph.checked()
        } catch {
            throw FileError(.corrupt, path: files.path, error.problems.map { "\(spec.name): \($0)" })
        }
        let (places, problems) = TensorPlaces.make(table, for: expanded, settings)
        binding = source.bind(expanded.graph, places, problems: problems)
        self.files = files
        self.source = source
        architecture = spec.name
        traits = spec.traits(settings, config: source.config, vocabulary: source.vocabulary)
    }

    /// The whole model.
    ///
    /// - Parameter allowMissing: Gives parameters that the checkpoint lacks their neutral element, where there is one.
    ///   The model's provenance lists them.
    func model(allowMissing: Bool) throws(FileError) -> Model {
        var assumed: [String] = []
        var tensors: [String: Tensor] = [:]
        if allowMissing {
            for missing in binding.missing {
                guard let neutral = missing.neutral else { continue }
                tensors[missing.path] = Tensor(shape: missing.shape) { $0.update(repeating: neutral) }
                assumed.append(missing.path)
            }
        }
        let lacking = zip(binding.missing, binding.absences).filter { tensors[$0.0.path] == nil }.map(\.1)
        guard binding.misfits.isEmpty, lacking.isEmpty else {
            let isOffered = !allowMissing && binding.misfits.isEmpty && binding.missing.allSatisfy { $0.neutral != nil }
            throw FileError(
                lacking + binding.misfits, path: files.path,
                remedy: isOffered
                    ? "--allow-missing takes zero for missing biases and offsets, one for missing scales"
                    : allowMissing ? "nothing stands in for matrices and tables" : "")
        }
        var problems: [Problem] = []
        for parameter in binding.parameters {
            guard let tensor = try parameter.read() else {
                let names = parameter.sources.map(\.name.printable).joined(separator: ", ")
                problems.append(Problem(.corrupt, "\(names) does not give \(parameter.path)"))
                continue
            }
            tensors[parameter.path] = tensor
        }
        problems += try differingCopies()
        guard problems.isEmpty else { throw FileError(problems, path: files.path) }
        let model = Model(
            graph: graph, tensors: tensors, assets: try assets(), provenance: try provenance(assumed), traits: traits,
            plan: .trained(graph))
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw FileError(.corrupt, path: files.path, error.problems.map(\.description))
        }
        return model
    }

    private func assets() throws(FileError) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (name, entry) in source.assets { result[name] = try CheckpointFiles.asset(entry) }
        return result
    }

    /// Shared variables are stored once an owner: copies that differ would make the model depend on who reads which.
    private func differingCopies() throws(FileError) -> [Problem] {
        var problems: [Problem] = []
        for name in source.tensors.names {
            guard case .parameter? = binding.roles[name] else { continue }
            let copies = source.tensors.copies(of: name)
            guard copies.count > 1 else { continue }
            let first = try copies[0].read()
            for copy in copies.dropFirst() {
                let other = try copy.read()
                if !first.hasSameBytes(as: other) {
                    let places = "\(copies[0].path.printable) and \(copy.path.printable)"
                    problems.append(Problem(.corrupt, "\(places) are copies of one variable and differ"))
                }
            }
        }
        return problems
    }

    private func provenance(_ assumed: [String]) throws(FileError) -> Model.Provenance {
        var entries: [Model.Provenance.File] = []
        for entry in source.files {
            // Opened now, so that it is the file that the tensors come from.
            let bytes = try MappedFile(path: entry.path)
            entries.append(.init(name: entry.name) { bytes.digest.hex })
        }
        return Model.Provenance(
            files: entries, dialect: source.dialect, architecture: architecture,
            assumed: assumed.isEmpty ? nil : assumed)
    }
}

extension CheckpointSource {
    fileprivate func bind(_ graph: Graph, _ places: TensorPlaces, problems: [Problem] = []) -> Binding {
        var places = places
        places.ignored += ignored
        return TensorBinder(places: places, index: tensors).bind(graph, problems: problems)
    }
}

extension ArchitectureSpec {
    /// What a user meets around the graph of one checkpoint.
    fileprivate func traits(_ settings: Settings, config: JSONValue, vocabulary: String) -> Model.Traits {
        let longest = try? traits?.maximumTokens?.integer(in: settings)
        let hasLabels = (try? (traits?.labelsWhen).holds(in: settings)) ?? false
        guard hasLabels, let key = traits?.labels?[vocabulary], let names = config[path: key]?.objectValue else {
            return Model.Traits(maximumTokens: longest)
        }
        // {"0": "NEGATIVE", "1": "POSITIVE"}; gaps would shift the names, so then there are none.
        let labels = (0..<names.count).compactMap { names[String($0)]?.stringValue }
        return Model.Traits(maximumTokens: longest, labels: labels.count == names.count ? labels : [])
    }
}

extension ArchitectureSpec {
    /// A built-in spec by name, or one from a file.
    init(named name: String) throws(FileError) {
        let library = try SpecLibrary.builtIn()
        if let spec = library.specs.first(where: { $0.name == name }) {
            self = spec
            return
        }
        guard name.contains("/") || name.hasSuffix(".json") else {
            throw FileError(
                .usage, path: name, "is not a built-in architecture",
                remedy: "known are \(library.names); a spec of your own is given by its path")
        }
        let bytes = try MappedFile(path: name)
        guard bytes.byteCount <= 4 << 20 else {
            throw FileError(.usage, path: name, "is too large for an architecture spec")
        }
        try self.init(bytes.withUnsafeBytes { Array($0) }, path: name)
    }
}
