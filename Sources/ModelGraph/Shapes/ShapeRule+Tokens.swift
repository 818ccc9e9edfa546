extension ShapeRule {
    /// Shape of a matching: a number for each row of the attention node whose keys are compared.
    func shape(of matching: TokenMatching, _ node: Node) throws(ShapeFailure) -> ValueShape {
        guard node.inputs.count == 1, let value = shapes[node.inputs[0]],
            let attention = graph.node(named: node.inputs[0])?.attention
        else { throw ShapeFailure("takes an attention node, whose keys are compared") }
        guard !attention.isCross, attention.comparison == nil, !attention.computedHeads.isEmpty else {
            throw ShapeFailure("\"\(node.inputs[0])\" computes no keys of its own rows to compare")
        }
        guard value.rows != .sequences, value.rows.applying(.merged(matching)) != nil else {
            throw ShapeFailure("merges tokens along \(value.rows), which has none, or merged too often")
        }
        return ValueShape(rows: value.rows, width: 1)
    }

    /// Shape of merged rows, or of their sizes.
    func shape(of merge: TokenMerge, _ node: Node) throws(ShapeFailure) -> ValueShape {
        var names = node.inputs[...]
        let given = merge == .mean ? names.popFirst().flatMap { shapes[$0] } : nil
        guard let name = names.popFirst(), names.count <= 1, merge == .sizes || given != nil,
            let own = shapes[name], case .matching(let matching) = graph.node(named: name)?.operation
        else { throw ShapeFailure("takes rows, the matching that merges them, and sizes where rows have some") }
        if let sizes = names.first { try checkSizes(sizes, along: own.rows) }
        let value = given ?? own
        guard value.rows == own.rows, let rows = own.rows.applying(.merged(matching)) else {
            throw ShapeFailure("has rows along \(value.rows), the matching along \(own.rows)")
        }
        return ValueShape(rows: rows, width: value.width)
    }

    /// Refuses what are no sizes of rows along an axis.
    func checkSizes(_ name: String, along rows: RowSpace) throws(ShapeFailure) {
        guard case .merge(.sizes) = graph.node(named: name)?.operation,
            shapes[name] == ValueShape(rows: rows, width: 1)
        else { throw ShapeFailure("\"\(name)\" holds no sizes of rows along \(rows)") }
    }
}
