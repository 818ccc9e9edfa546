import ArchitectureSpecs
import Files
import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// A checkpoint whose architecture is settled and whose parameters have their tensors, but are not read.
struct BoundCheckpoint: Sendable {
    let source: RecognizedCheckpoint
    /// Name of the spec, or of the graph that the checkpoint brought.
    let architecture: String
    let graph: CheckedGraph
    let traits: Model.Traits
    let binding: Binding
    /// What became of every key of the configuration; `nil` where the graph is the configuration's own.
    let ledger: KeyLedger?
    /// What was decided that a user should know, a sentence each.
    let notes: [String]
    /// What the graph takes for granted about classes whose code no file holds.
    var assumptions: [Model.Provenance.Assumption] = []
    /// Whether the model's own framework computes it in 16 bits.
    var isCoarse = false

    /// As the caller named it.
    private var path: String { source.folder.path }

    /// The graph that the checkpoint brought.
    init(_ source: RecognizedCheckpoint, _ own: OwnGraph) throws(FileError) {
        do throws(GraphError) {
            graph = try own.graph.checked()
        } catch {
            throw FileError(.corrupt, path: source.folder.path, error.problems.map(\.description))
        }
        binding = source.bind(own.graph, own.sources)
        self.source = source
        architecture = own.architecture
        traits = own.traits
        ledger = nil
        notes = own.notes
        assumptions = own.assumptions
        isCoarse = own.isCoarse
    }

    /// A spec's graph.
    init(
        _ source: RecognizedCheckpoint, _ spec: ArchitectureSpec, ignoring waived: Set<String>
    ) throws(FileError) {
        if let reason = spec.unsupported {
            throw FileError(.unsupported, path: source.folder.path, "\(spec.title) (\(source.claim)): \(reason)")
        }
        guard let table = spec.table(for: source.dialect) else {
            throw FileError(
                .unsupported, path: source.folder.path,
                "the architecture \(spec.name) has no tensor table for \(source.dialect)")
        }
        let resolver = SettingsResolver(
            spec: spec, config: source.config, table: table, tensors: source.tensors, dialect: source.dialect)
        let settings: Settings
        let decisions: [String]
        switch resolver.resolution() {
        case .success(let resolved): (settings, decisions) = (resolved.settings, resolved.notes)
        case .failure(let problems): throw FileError(problems.list, path: source.folder.path)
        }
        ledger = try spec.ledger(of: source.config, settings, waived: waived)
        let expanded: ExpandedGraph
        do throws(Problem) {
            expanded = try SpecExpander.expand(spec, settings)
        } catch {
            throw FileError([error], path: source.folder.path)
        }
        let (sources, problems) = ParameterSources.make(table, for: expanded, settings)
        var own = spec.traits(settings, config: source.config)
        own.pairActivation = try source.pairActivation()
        let whole = try source.sentences?.extend(expanded.graph, sources, architecture: spec.name, traits: own)
        do throws(GraphError) {
            graph = try (whole?.graph ?? expanded.graph).checked().namingRegression(source.config)
        } catch {
            throw FileError(.corrupt, path: source.folder.path, error.problems.map { "\(spec.name): \($0)" })
        }
        let all = source.bind(expanded.graph.with(whole?.graph), whole?.sources ?? sources, problems: problems)
        notes = decisions + all.noteOfUnreadHeads
        binding = whole == nil ? all : all.restricted(to: graph.graph, reason: "the embedding is made without it")
        self.source = source
        architecture = spec.name
        traits = whole?.traits ?? own
    }

    /// The whole model.
    ///
    /// - Throws: Everything that does not fit, at once.
    func model(_ options: LoadingOptions) throws(FileError) -> Model {
        if let error = ledger?.error(path: path) { throw error }
        let assumed = try assumedParameters(options)
        var tensors = assumed
        var problems: [Problem] = []
        for parameter in binding.parameters {
            try options.cancellation.check(path)
            guard let tensor = try parameter.read() else {
                let names = parameter.tensors.map(\.name.printable).joined(separator: ", ")
                problems.append(Problem(.corrupt, "\(names) does not give \(parameter.id)"))
                continue
            }
            tensors[parameter.id] = tensor
        }
        problems += try differingCopies(options)
        guard problems.isEmpty else { throw FileError(problems, path: path) }
        let absent = source.folder.absentSettings(options.ignoredSettings)
        let model = Model(
            graph: graph, tensors: tensors, assets: try assets(),
            provenance: provenance(
                assumed: binding.missing.map(\.id).filter { assumed[$0] != nil },
                ignored: options.ignoredSettings.subtracting(absent)),
            traits: traits, plan: .trained(graph), notes: notes + source.folder.notes(onAbsent: absent))
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw FileError(.corrupt, path: path, error.problems.map(\.description))
        }
        return model
    }

    /// The neutral elements of parameters that the checkpoint lacks, where it may lack them.
    ///
    /// - Throws: When anything else does not fit.
    private func assumedParameters(_ options: LoadingOptions) throws(FileError) -> [ParameterID: Tensor] {
        var assumed: [ParameterID: Tensor] = [:]
        if options.allowsMissing {
            for missing in binding.missing {
                guard let neutral = missing.neutral else { continue }
                assumed[missing.id] = Tensor(shape: missing.shape) { $0.update(repeating: neutral) }
            }
        }
        let lacking = zip(binding.missing, binding.absences).filter { assumed[$0.0.id] == nil }.map(\.1)
        guard binding.misfits.isEmpty, lacking.isEmpty else {
            let isOffered =
                !options.allowsMissing && binding.misfits.isEmpty && binding.missing.allSatisfy { $0.neutral != nil }
            throw FileError(
                lacking + binding.misfits, path: path,
                remedy: isOffered
                    ? "--allow-missing takes zero for missing biases and offsets, one for missing scales"
                    : options.allowsMissing ? "nothing stands in for matrices and tables" : "")
        }
        return assumed
    }

    /// Nobody reads what says how texts are written before one is: what cannot be read there is told with the rest.
    private func assets() throws(FileError) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (name, entry) in source.assets where name == "generation_config.json" {
            _ = try source.folder.settings(entry)
        }
        for (name, entry) in source.assets { result[name] = try source.folder.asset(entry) }
        return result
    }

    /// Shared variables are stored once an owner: copies that differ would make the model depend on who reads which.
    private func differingCopies(_ options: LoadingOptions) throws(FileError) -> [Problem] {
        var problems = try differingNames(options)
        for name in source.tensors.names {
            guard case .parameter? = binding.roles[name] else { continue }
            let copies = source.tensors.copies(of: name)
            guard copies.count > 1 else { continue }
            let first = try copies[0].read()
            for copy in copies.dropFirst() {
                try options.cancellation.check(path)
                let other = try copy.read()
                if !first.hasSameBytes(as: other) {
                    let both = "\(copies[0].path.printable) and \(copy.path.printable)"
                    problems.append(Problem(.corrupt, "\(both) are copies of one variable and differ"))
                }
            }
        }
        return problems
    }

    /// Tensors that families share may be stored under several names: where their elements differ they are not shared.
    private func differingNames(_ options: LoadingOptions) throws(FileError) -> [Problem] {
        var problems: [Problem] = []
        for name in source.tensors.names {
            guard case .copy(let owner)? = binding.roles[name], let copy = source.tensors[name],
                let tensor = binding.parameters.first(where: { $0.id == owner })?.tensors.first
            else { continue }
            try options.cancellation.check(path)
            if try !tensor.read().hasElements(of: copy.read()) {
                let both = "\(tensor.name.printable) and \(name.printable)"
                problems.append(
                    Problem(
                        .unsupported,
                        "\(both) are one tensor in models of this family, and differ: a model that "
                            + "does not share them is not handled"))
            }
        }
        return problems
    }

    private func provenance(assumed: [ParameterID], ignored: Set<String>) -> Model.Provenance {
        var entries: [Model.Provenance.File] = []
        // The very mappings that the tensors come from.
        for file in source.files { entries.append(.init(name: file.name) { file.digest.hex }) }
        for (name, file) in source.sentences?.files ?? [] { entries.append(.init(name: name) { file.digest.hex }) }
        return Model.Provenance(
            files: entries, dialect: source.dialect, architecture: architecture,
            assumed: assumed.isEmpty ? nil : assumed,
            ignoredSettings: ignored.isEmpty ? nil : ignored.sorted())
    }
}

extension Graph {
    /// The graph with those nodes of another one that it lacks, for finding the tensors of both.
    fileprivate func with(_ other: Graph?) -> Graph {
        guard let other else { return self }
        let known = Set(nodes.map(\.name))
        var result = self
        result.nodes += other.nodes.filter { !known.contains($0.name) }
        return result
    }
}

extension Binding {
    /// A sentence about stored tensors that only another class than the named one reads; none when there are none.
    fileprivate var noteOfUnreadHeads: [String] {
        let names = roles.filter { $0.value == .ignored(HeadChoice.unreadReason) }.keys.sorted()
        guard let first = names.first else { return [] }
        let others = names.count > 1 ? " and \(names.count - 1) more" : ""
        return ["\(first.printable)\(others) \(names.count > 1 ? "are" : "is") stored, and no part of the named class"]
    }
}

extension RecognizedCheckpoint {
    /// The tensors that give a graph's parameters.
    fileprivate func bind(_ graph: Graph, _ sources: ParameterSources, problems: [Problem] = []) -> Binding {
        var sources = sources
        sources.ignored += ignored
        return TensorBinder(sources, catalog: tensors).bind(graph, problems: problems)
    }
}
