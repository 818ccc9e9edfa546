import ModelGraph
import Tensors

/// What became of a tensor of a checkpoint.
public enum TensorRole: Sendable, Hashable {
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
        package let rule: TensorRule
        package let source: SourceTensor
    }

    package let parameters: [Parameter]
    /// By the dialect's common name.
    package let roles: [String: TensorRole]
    /// Everything that does not fit; empty for a sound checkpoint.
    package let problems: [Problem]
}

/// Finds the tensor of each parameter.
package struct TensorBinder {
    let table: ArchitectureSpec.TensorTable
    let index: TensorIndex
    let settings: Settings
    /// Missing tensors for which candidates are looked for: a limit on work, not on what is reported.
    private static let largestSearch = 20

    package init(table: ArchitectureSpec.TensorTable, index: TensorIndex, settings: Settings) {
        self.table = table
        self.index = index
        self.settings = settings
    }

    package func bind(_ expanded: ExpandedGraph) -> Binding {
        var parameters: [Binding.Parameter] = []
        var users: [String: [String]] = [:]
        var problems: [Problem] = []
        var missing: [(path: String, names: [String], shape: Shape)] = []
        for node in expanded.graph.nodes {
            let origin = expanded.origins[node.name]
            for parameter in node.ownParameters {
                let path = "\(node.name)/\(parameter.name)"
                guard let origin, let rule = table.parameters[origin.template]?[parameter.name] else {
                    problems.append(Problem(.usage, "\(path): the spec's tensor table does not say where it is"))
                    continue
                }
                do throws(Expression.Failure) {
                    let names = try rule.names(in: origin.settings)
                    guard let source = names.lazy.compactMap({ index[$0] }).first else {
                        missing.append((path, names, rule.storedShape(of: parameter.shape)))
                        continue
                    }
                    users[source.name, default: []].append(path)
                    if let problem = misfit(of: source, for: path, parameter.shape, rule) {
                        problems.append(problem)
                    } else {
                        parameters.append(.init(path: path, shape: parameter.shape, rule: rule, source: source))
                    }
                } catch {
                    problems.append(Problem(.usage, "\(path): \(error.message)"))
                }
            }
        }
        let roles = roles(users: users, problems: &problems)
        problems += report(missing, roles: roles)
        problems += index.names.filter { roles[$0] == .unknown }.map { name in
            let shape = index[name]?.shape.description ?? ""
            return Problem(
                .unsupported, "\(name.printable) \(shape) is in the checkpoint, but has no place in the architecture")
        }
        return Binding(parameters: parameters, roles: roles, problems: problems)
    }

    private func misfit(of source: SourceTensor, for path: String, _ shape: Shape, _ rule: TensorRule) -> Problem? {
        guard source.dtype.isFloatingPoint else {
            return Problem(
                .unsupported,
                "\(source.name.printable) holds \(source.dtype.rawValue); \(path) takes floating-point numbers")
        }
        guard source.isComplete else {
            return Problem(
                .corrupt, "\(source.name.printable) was never written to the file completely; \(path) needs it")
        }
        guard !rule.fits(source.shape, as: shape) else { return nil }
        return Problem(
            .corrupt,
            "\(source.name.printable) has shape \(source.shape), expected \(rule.storedShape(of: shape)) for \(path)")
    }

    private func roles(users: [String: [String]], problems: inout [Problem]) -> [String: TensorRole] {
        var ignored: [(names: [String], reason: String)] = []
        for rule in table.ignored ?? [] {
            do throws(Expression.Failure) {
                if try rule.when.holds(in: settings) { ignored.append((rule.names.list, rule.reason)) }
            } catch {
                problems.append(Problem(.usage, "ignored tensors: \(error.message)"))
            }
        }
        var roles: [String: TensorRole] = [:]
        for name in index.names {
            if let paths = users[name] {
                roles[name] = .parameter(paths)
            } else if let rule = ignored.first(where: { $0.names.contains { matches(name, pattern: $0) } }) {
                roles[name] = .ignored(rule.reason)
            } else {
                roles[name] = .unknown
            }
        }
        return roles
    }

    private func report(
        _ missing: [(path: String, names: [String], shape: Shape)], roles: [String: TensorRole]
    ) -> [Problem] {
        let free = index.names.filter { roles[$0] == .unknown }.compactMap { index[$0] }
        return missing.enumerated().map { position, entry in
            let wanted = entry.names.map { "\"\($0)\"" }.joined(separator: " or ")
            var message = "\(entry.path): \(wanted) \(entry.shape) is missing"
            if position < Self.largestSearch {
                let near = Candidates.nearest(to: entry.names.first ?? "", shape: entry.shape, among: free)
                if !near.isEmpty {
                    message += "; nearest: " + near.map { "\($0.name.printable) \($0.shape)" }.joined(separator: ", ")
                }
            }
            return Problem(.corrupt, message)
        }
    }
}

extension TensorRule {
    func names(in settings: Settings) throws(Expression.Failure) -> [String] {
        var result: [String] = []
        for template in names { result.append(try template.name(in: settings)) }
        return result
    }
}
