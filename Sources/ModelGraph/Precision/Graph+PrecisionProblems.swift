extension Graph {
    /// Whether any matrix is stored or multiplied in fewer than 32 bits by the graph's own word.
    package var hasPrecisions: Bool { nodes.contains { !$0.precisions.isEmpty } }

    /// What is wrong with the precisions of matrices, of a graph whose shapes and ties fit.
    func precisionProblems() -> [GraphError.Problem] {
        guard hasPrecisions else { return [] }
        let owners = Dictionary(nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return nodes.flatMap { node in
            node.precisionProblems(owners).map { GraphError.Problem(kind: .structure, subject: node.name, message: $0) }
        }
    }
}

extension Node {
    fileprivate func precisionProblems(_ owners: [String: Node]) -> [String] {
        let matrices = Dictionary(uniqueKeysWithValues: operation.matrices.map { ($0.name, $0) })
        var problems = precisions.sorted { $0.key < $1.key }.compactMap { name, precision in
            problem(of: precision, matrix: matrices[name], named: name, owners).map { "\(name) \($0)" }
        }
        // A matrix that is read from elsewhere is stored as its owner says.
        for (name, tie) in ties.sorted(by: { $0.key < $1.key }) where precisions[name] == nil {
            guard let owner = owners[tie.parameter.node], owner.precisions[tie.parameter.name] != nil else { continue }
            problems.append("\(name) is tied to \(tie.parameter), which is quantised, and has no precision")
        }
        // Rows are quantised once a stream.
        var streams: [String: Precision?] = [:]
        for matrix in operation.matrices {
            guard case .product(let stream) = matrix.role else { continue }
            let own = precisions[matrix.name]
            if let other = streams[stream] {
                if other != own { problems.append("matrices of one stream have different precisions (\(matrix.name))") }
            } else {
                streams[stream] = .some(own)
            }
        }
        return problems
    }

    private func problem(
        of precision: Precision, matrix: OperationMatrix?, named name: String, _ owners: [String: Node]
    ) -> String? {
        guard let matrix else { return "has a precision, and the node has no such matrix" }
        if let problem = precision.problem { return problem }
        guard matrix.kinds.contains(precision.kind) else { return "cannot be of kind \(precision.kind.rawValue)" }
        if precision.kind == .int8, matrix.role != .table, matrix.shape[0] > Precision.widestInput {
            return "has \(matrix.shape[0]) inputs, sums of 8-bit products fit for \(Precision.widestInput)"
        }
        guard let tie = ties[name] else { return nil }
        guard !precision.isSmoothed else { return "is read from another node: there are no factors of its own" }
        guard let owner = owners[tie.parameter.node], let stored = owner.precisions[tie.parameter.name] else {
            return "is tied to \(tie.parameter), which is not stored so"
        }
        let isTable = owner.operation.matrices.contains { $0.name == tie.parameter.name && $0.role == .table }
        // A scale of a table belongs to a row, any other to a column: it must be the same of the reader.
        guard precision.kind == .bfloat16 || isTable == (tie.isTransposed || matrix.role == .table) else {
            return "is tied to \(tie.parameter), whose scales run along the other axis"
        }
        guard stored.kind.storage == precision.kind.storage, stored.group == precision.group else {
            return "is \(precision.kind.rawValue), its owner \(tie.parameter) \(stored.kind.rawValue)"
        }
        return stored.isSmoothed ? "is tied to \(tie.parameter), whose factors are the owner's alone" : nil
    }
}

extension Precision.Kind {
    /// Kinds that are stored alike.
    fileprivate var storage: Precision.Kind { self == .int8Weights ? .int8 : self }
}
