import WeightFiles

extension ArchitectureSpec {
    /// A dialect's table with scopes and orientations written out in each rule; `nil` when the spec has none.
    package func table(for dialect: String) -> TensorTable? {
        guard var table = tensors[dialect] else { return nil }
        let kinds = operationKinds
        let scopes = table.scopes ?? [""]
        for (node, rules) in table.parameters {
            let orientation = kinds[node].flatMap { table.orientations?[$0] }
            table.parameters[node] = rules.mapValues { rule in
                var rule = rule
                rule.names = rule.names.flatMap { name in scopes.map { name.prefixed(by: $0) } }
                rule.copies = rule.copies?.flatMap { name in scopes.map { name.prefixed(by: $0) } }
                if rule.orientation == nil, rule.axes == nil { rule.orientation = orientation ?? .identity }
                return rule
            }
        }
        table.ignored = table.ignored?.map { ignored in
            var ignored = ignored
            ignored.names.list = ignored.names.list.flatMap { name in scopes.map { $0 + name } }
            return ignored
        }
        return table
    }

    /// Kind of operation of each node, by its template's name.
    private var operationKinds: [String: String] {
        var kinds: [String: String] = [:]
        func visit(_ steps: [Step]) {
            for step in steps {
                switch step {
                case .node(let node): kinds[node.name.source] = node.operation.kind
                case .repetition(let repetition): visit(repetition.nodes)
                }
            }
        }
        visit(graph.nodes)
        return kinds
    }
}

extension ArchitectureSpec.TensorTable {
    /// The tensor of a parameter given by its template's name, or a copy of it; of the first one where it is repeated.
    ///
    /// - Parameter readsCopies: Whether a tensor that is stored as a copy alone counts.
    func firstTensor(
        of parameter: String, in tensors: TensorCatalog, readsCopies: Bool = true
    ) -> (tensor: StoredTensor, rule: TensorRule)? {
        guard let slash = parameter.lastIndex(of: "/"),
            let rule = parameters[String(parameter[..<slash])]?[String(parameter[parameter.index(after: slash)...])]
        else { return nil }
        for template in rule.names + (readsCopies ? rule.copies ?? [] : []) {
            let first = Settings(Dictionary(uniqueKeysWithValues: template.names.map { ($0, .integer(0)) }))
            if let name = try? template.name(in: first), let tensor = tensors[name] { return (tensor, rule) }
        }
        return nil
    }
}

extension OperationTemplate {
    /// Kind of the operation, as documents name it, where a table may say how its parameters are oriented.
    fileprivate var kind: String? {
        switch self {
        case .linear: "linear"
        case .attention: "attention"
        default: nil
        }
    }
}
