import ModelGraph

extension Binding {
    /// The binding of a part of the graph: tensors of the parameters that it lacks are left out.
    ///
    /// - Parameter reason: Why nothing depends on them.
    package func restricted(to graph: Graph, reason: String) -> Binding {
        let kept = Set(graph.nodes.flatMap { node in node.ownParameters.map { node.parameterID($0.name) } })
        var roles = roles
        for (name, role) in roles {
            guard case .parameter(let ids) = role else { continue }
            let still = ids.filter(kept.contains)
            roles[name] = still.isEmpty ? .ignored(reason) : .parameter(still)
        }
        let lacking = zip(missing, absences).filter { kept.contains($0.0.id) }
        return Binding(
            parameters: parameters.filter { kept.contains($0.id) }, roles: roles, missing: lacking.map(\.0),
            misfits: misfits, absences: lacking.map(\.1))
    }
}
