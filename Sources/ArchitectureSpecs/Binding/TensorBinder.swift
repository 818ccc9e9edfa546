import ModelGraph
import Platform
import Tensors
import WeightFiles

/// What became of a tensor of a checkpoint.
package enum TensorRole: Sendable, Hashable {
    /// Read for these parameters, `<node>/<parameter>`; several where it is cut into parts.
    case parameter([String])
    /// Another copy of a shared variable that is read under the same name.
    case copy
    /// Left out on purpose, with the spec's reason.
    case ignored(String)
    /// Nobody's.
    case unknown
}

/// Which tensor each parameter of a graph is read from.
package struct Binding: Sendable {
    package struct Parameter: Sendable {
        /// `<node>/<parameter>`.
        package let path: String
        package let shape: Shape
        /// The tensors that it is made from: one, unless it is computed.
        package let sources: [SourceTensor]
        let place: TensorPlaces.Place

        /// Reads the parameter.
        ///
        /// - Returns: `nil` when the tensors' contents do not give it.
        package func read() throws(FileError) -> Tensor? {
            var tensors: [Tensor] = []
            for source in sources { tensors.append(try source.read()) }
            guard let computation = place.computation else {
                return tensors.first.flatMap { place.layout.parameter(from: $0, shape: shape) }
            }
            return computation.make(tensors)?.reshaped(shape)
        }
    }

    /// A parameter that no tensor gives.
    package struct Missing: Sendable {
        /// `<node>/<parameter>`.
        package let path: String
        package let shape: Shape
        /// Common names that were looked for.
        package let names: [String]
        /// Shape in which it was expected in the file.
        package let storedShape: Shape
        /// The number that leaves the layer's result as it would be without the parameter; `nil`: there is none.
        package let neutral: Float?
    }

    package let parameters: [Parameter]
    /// By the dialect's common name.
    package let roles: [String: TensorRole]
    package let missing: [Missing]
    /// Tensors of a wrong shape or type, and tensors without a place.
    package let misfits: [Problem]
    /// One a missing parameter, with the nearest candidates.
    package let absences: [Problem]

    /// Everything that does not fit; empty for a sound checkpoint.
    package var problems: [Problem] { absences + misfits }
}

/// Finds the tensor of each parameter.
package struct TensorBinder {
    let places: TensorPlaces
    let index: TensorIndex
    /// Missing tensors for which candidates are looked for: a limit on work, not on what is reported.
    private static let largestSearch = 20

    package init(places: TensorPlaces, index: TensorIndex) {
        self.places = places
        self.index = index
    }

    /// - Parameter problems: Found before, reported with the others.
    package func bind(_ graph: Graph, problems: [Problem] = []) -> Binding {
        var parameters: [Binding.Parameter] = []
        var users: [String: [String]] = [:]
        var problems = problems
        var missing: [Binding.Missing] = []
        for node in graph.nodes {
            for parameter in node.ownParameters {
                let path = "\(node.name)/\(parameter.name)"
                guard let place = places.places[path] else {
                    problems.append(Problem(.usage, "\(path): the tensor table does not say where it is"))
                    continue
                }
                let found = place.names.compactMap { index[$0] }
                let isComplete = place.computation == nil ? !found.isEmpty : found.count == place.names.count
                guard isComplete else {
                    missing.append(
                        .init(
                            path: path, shape: parameter.shape, names: place.names,
                            storedShape: place.layout.storedShape(of: parameter.shape),
                            neutral: node.operation.neutralElement(of: parameter.name)))
                    continue
                }
                let sources = place.computation == nil ? Array(found.prefix(1)) : found
                for source in sources { users[source.name, default: []].append(path) }
                if let problem = misfit(of: sources, for: path, parameter.shape, place) {
                    problems.append(problem)
                } else {
                    parameters.append(.init(path: path, shape: parameter.shape, sources: sources, place: place))
                }
            }
        }
        let roles = roles(users: users)
        problems += index.names.filter { roles[$0] == .unknown }.map { name in
            let shape = index[name]?.shape.description ?? ""
            return Problem(
                .unsupported, "\(name.printable) \(shape) is in the checkpoint, but has no place in the architecture")
        }
        return Binding(
            parameters: parameters, roles: roles, missing: missing, misfits: problems,
            absences: report(missing, roles: roles))
    }

    private func misfit(
        of sources: [SourceTensor], for path: String, _ shape: Shape, _ place: TensorPlaces.Place
    ) -> Problem? {
        if let source = sources.first(where: { !$0.isComplete }) {
            return Problem(
                .corrupt, "\(source.name.printable) was never written to the file completely; \(path) needs it")
        }
        if let computation = place.computation {
            // Whoever computes has looked at what is stored; only the result is compared.
            return computation.shape.count == shape.count
                ? nil : Problem(.corrupt, "\(path) has shape \(shape), computed was \(computation.shape)")
        }
        guard let source = sources.first else { return nil }
        let layout = place.layout
        guard source.dtype.isFloatingPoint else {
            return Problem(
                .unsupported,
                "\(source.name.printable) holds \(source.dtype.rawValue); \(path) takes floating-point numbers")
        }
        guard !layout.fits(source.shape, as: shape) else { return nil }
        return Problem(
            .corrupt,
            "\(source.name.printable) has shape \(source.shape), expected \(layout.storedShape(of: shape)) for \(path)")
    }

    private func roles(users: [String: [String]]) -> [String: TensorRole] {
        var roles: [String: TensorRole] = [:]
        for name in index.names {
            if let paths = users[name] {
                roles[name] = .parameter(paths)
            } else if let rule = places.ignored.first(where: { $0.names.contains { matches(name, pattern: $0) } }) {
                roles[name] = .ignored(rule.reason)
            } else {
                roles[name] = .unknown
            }
        }
        return roles
    }

    private func report(_ missing: [Binding.Missing], roles: [String: TensorRole]) -> [Problem] {
        let free = index.names.filter { roles[$0] == .unknown }.compactMap { index[$0] }
        return missing.enumerated().map { position, entry in
            let wanted = entry.names.map { "\"\($0)\"" }.joined(separator: " or ")
            var message = "\(entry.path): \(wanted) \(entry.storedShape) is missing"
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
