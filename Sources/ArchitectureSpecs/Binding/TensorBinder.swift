import ModelGraph
import Platform
import Tensors
import WeightFiles

/// Finds the tensor of each parameter.
package struct TensorBinder {
    let sources: ParameterSources
    let catalog: TensorCatalog
    /// Missing tensors for which candidates are looked for: a limit on work, not on what is reported.
    private static let largestSearch = 20

    package init(_ sources: ParameterSources, catalog: TensorCatalog) {
        self.sources = sources
        self.catalog = catalog
    }

    /// The tensors of a graph's parameters, and everything that does not fit.
    ///
    /// - Parameter problems: Found before, reported with the others.
    package func bind(_ graph: Graph, problems: [Problem] = []) -> Binding {
        var parameters: [BoundParameter] = []
        var users: [String: [ParameterID]] = [:]
        var copies: [String: ParameterID] = [:]
        let claimed = claimedNames(of: graph)
        var problems = problems
        var missing: [Binding.Missing] = []
        for node in graph.nodes {
            for parameter in node.ownParameters {
                let id = node.parameterID(parameter.name)
                guard let source = sources.sources[id] else {
                    problems.append(Problem(.usage, "\(id): the tensor table does not say where it is"))
                    continue
                }
                let spare = source.copies.filter { !claimed.contains($0) }.compactMap { catalog[$0] }
                let found = source.names.compactMap { catalog[$0] } + spare
                let isComplete = source.computation == nil ? !found.isEmpty : found.count == source.names.count
                guard isComplete else {
                    missing.append(
                        .init(
                            id: id, shape: parameter.shape, names: source.names,
                            storedShape: source.layout.storedShape(of: parameter.shape),
                            neutral: node.operation.neutralElement(of: parameter.name)))
                    continue
                }
                let tensors = source.computation == nil ? Array(found.prefix(1)) : found
                for tensor in tensors { users[tensor.name, default: []].append(id) }
                for copy in spare where !tensors.contains(where: { $0.name == copy.name }) { copies[copy.name] = id }
                if let problem = misfit(of: tensors, for: id, parameter.shape, source) {
                    problems.append(problem)
                } else {
                    parameters.append(.init(id: id, shape: parameter.shape, tensors: tensors, source: source))
                }
            }
        }
        let roles = roles(users: users, copies: copies)
        problems += catalog.names.filter { roles[$0] == .unknown }.map { name in
            let shape = catalog[name]?.shape.description ?? ""
            return Problem(
                .unsupported, "\(name.printable) \(shape) is in the checkpoint, but has no place in the architecture")
        }
        return Binding(
            parameters: parameters, roles: roles, missing: missing, misfits: problems,
            absences: report(missing, roles: roles))
    }

    private func misfit(
        of tensors: [StoredTensor], for id: ParameterID, _ shape: Shape, _ source: ParameterSources.Source
    ) -> Problem? {
        if let tensor = tensors.first(where: { !$0.isComplete }) {
            return Problem(
                .corrupt, "\(tensor.name.printable) was never written to the file completely; \(id) needs it")
        }
        if let computation = source.computation {
            // What computes has looked at the stored tensors; only the result is compared.
            return computation.shape.count == shape.count
                ? nil : Problem(.corrupt, "\(id) has shape \(shape), computed was \(computation.shape)")
        }
        guard let tensor = tensors.first else { return nil }
        let layout = source.layout
        guard tensor.dtype.isFloatingPoint else {
            return Problem(
                .unsupported,
                "\(tensor.name.printable) holds \(tensor.dtype.rawValue); \(id) takes floating-point numbers")
        }
        guard !layout.fits(tensor.shape, as: shape) else { return nil }
        return Problem(
            .corrupt,
            "\(tensor.name.printable) has shape \(tensor.shape), expected \(layout.storedShape(of: shape)) for \(id)")
    }

    /// Names that parameters are read from before any copy is looked for.
    private func claimedNames(of graph: Graph) -> Set<String> {
        var names: Set<String> = []
        for node in graph.nodes {
            for parameter in node.ownParameters {
                names.formUnion(sources.sources[node.parameterID(parameter.name)]?.names ?? [])
            }
        }
        return names
    }

    private func roles(users: [String: [ParameterID]], copies: [String: ParameterID]) -> [String: TensorRole] {
        let ignored = sources.ignored.map { (patterns: $0.names.map { GlobPattern($0) }, reason: $0.reason) }
        var roles: [String: TensorRole] = [:]
        for name in catalog.names {
            if let ids = users[name] {
                roles[name] = .parameter(ids)
            } else if let rule = ignored.first(where: { $0.patterns.contains { $0.matches(name) } }) {
                roles[name] = .ignored(rule.reason)
            } else if let owner = copies[name] {
                roles[name] = .copy(owner)
            } else {
                roles[name] = .unknown
            }
        }
        return roles
    }

    private func report(_ missing: [Binding.Missing], roles: [String: TensorRole]) -> [Problem] {
        let free = catalog.names.filter { roles[$0] == .unknown }.compactMap { catalog[$0] }
        return missing.enumerated().map { position, entry in
            let wanted = entry.names.map { "\"\($0)\"" }.joined(separator: " or ")
            var message = "\(entry.id): \(wanted) \(entry.storedShape) is missing"
            if position < Self.largestSearch {
                let near = Candidates.nearest(to: entry.names.first ?? "", shape: entry.storedShape, among: free)
                if !near.isEmpty {
                    message += "; nearest: " + near.map { "\($0.name.printable) \($0.shape)" }.joined(separator: ", ")
                }
            }
            return Problem(.corrupt, message)
        }
    }
}

extension Operation {
    /// What a parameter holds in a layer that does without it: 0 for what is added, 1 for a norm's factor; `nil` for
    /// matrices and tables, which nothing can stand for.
    func neutralElement(of parameter: String) -> Float? {
        switch self {
        case .norm(let norm): parameter == "scale" ? 1 - norm.scaleOffset : 0
        case .linear, .convolution: parameter == "bias" ? 0 : nil
        case .attention: parameter.hasSuffix("_bias") ? 0 : nil
        default: nil
        }
    }
}
