import Platform
import Tensors

/// Symbolic shape of a value: rows of one width.
package struct ValueShape: Sendable, Hashable, CustomStringConvertible {
    /// What one row belongs to.
    package typealias Rows = RowSpace

    /// What one row belongs to.
    package let rows: RowSpace
    /// Width of a row.
    package let width: Int

    package init(rows: RowSpace, width: Int) {
        self.rows = rows
        self.width = width
    }

    package var description: String {
        rows == .sequences ? "[batch, \(width)]" : "[batch, \(rows), \(width)]"
    }
}

extension ValueShape {
    /// Whether the framework's array may have these extents behind the batch: as many numbers, and at most one axis
    /// whose extent differs.
    func holds(_ extents: [Int?]) -> Bool {
        guard extents.count <= 8 else { return false }
        var known = 1
        for extent in extents {
            let (product, overflow) = known.multipliedReportingOverflow(by: extent ?? 1)
            guard !overflow, extent ?? 1 > 0, product <= GraphLimit.extent else { return false }
            known = product
        }
        switch rows {
        case .sequences: return !extents.contains(nil) && known == width
        case .count(let count):
            let (all, overflow) = count.multipliedReportingOverflow(by: width)
            return !overflow && !extents.contains(nil) && known == all
        case .tokens, .axis: return extents.filter { $0 == nil }.count == 1 && known == width
        }
    }
}

extension Graph {
    /// Shape of every node's value, and of every input that the graph lays out itself.
    ///
    /// Afterwards every size is within `GraphLimit`: sizes of one node may be multiplied without checking.
    ///
    /// - Throws: Every problem with names, inputs, numbers and widths at once.
    package func inferShapes() throws(GraphError) -> [String: ValueShape] {
        guard nodes.count <= GraphLimit.nodes else {
            throw GraphError(.structure, "graph", "has \(nodes.count) nodes, at most \(GraphLimit.nodes) are possible")
        }
        var problems = layoutProblems()
        guard problems.isEmpty else { throw GraphError(problems) }
        // A mask of pairs has no width of its own: only attention reads it.
        var shapes = inputLayouts.filter { !$0.value.isPairs }.mapValues {
            ValueShape(rows: $0.rows, width: $0.width)
        }
        var parameterCount = 0
        let inputNames = Set(inputs)
        for node in nodes {
            if shapes[node.name] != nil || inputNames.contains(node.name) {
                problems.append(.init(kind: .structure, subject: node.name, message: "the name is used twice"))
            }
            switch ShapeRule(graph: self, shapes: shapes, inputNames: inputNames).shape(of: node) {
            case .success(let shape):
                shapes[node.name] = shape
                // Each shape is within the limits now, and there are few enough nodes for the sum not to overflow
                // before it is noticed.
                parameterCount += node.operation.parameters.reduce(0) { $0 + $1.shape.count }
                if parameterCount > GraphLimit.parameters {
                    let message = "has more than \(GraphLimit.parameters) numbers in its parameters"
                    throw GraphError(problems + [.init(kind: .structure, subject: "graph", message: message)])
                }
            case .failure(let failure):
                problems.append(.init(kind: .structure, subject: node.name, message: failure.message))
            }
        }
        problems += outputProblems(shapes) + hiddenStateProblems(hiddenStates, shapes)
        problems += hiddenStateProblems(encoderHiddenStates, shapes)
        guard problems.isEmpty else { throw GraphError(problems) }
        return shapes
    }

    private func layoutProblems() -> [GraphError.Problem] {
        inputLayouts.sorted { $0.key < $1.key }.compactMap { name, layout in
            var unknown = inputs.contains(name) ? nil : "is laid out and is no input of the graph"
            if let mask = layout.mask, !inputs.contains(mask) || inputLayouts[mask] != nil {
                unknown = "is hidden by \"\(mask)\", which is no plain input of the graph"
            }
            return (unknown ?? layout.problem).map { .init(kind: .structure, subject: name, message: $0) }
        }
    }

    private func outputProblems(_ shapes: [String: ValueShape]) -> [GraphError.Problem] {
        var names: Set<String> = []
        return outputs.compactMap { output in
            let message: String
            if !names.insert(output.name).inserted {
                message = "two outputs have this name"
            } else if let shape = shapes[output.value] {
                if let extents = output.extents, !shape.holds(extents) {
                    message = "a value \(shape) is no array of \(extents.map { $0.map(String.init) ?? "?" })"
                } else {
                    guard output.isSqueezed, shape.width != 1 else { return nil }
                    message = "only an axis of width 1 can be left out"
                }
            } else {
                message = "output of an unknown value \"\(output.value)\""
            }
            return GraphError.Problem(kind: .structure, subject: output.name, message: message)
        }
    }

    private func hiddenStateProblems(
        _ hiddenStates: [String], _ shapes: [String: ValueShape]
    ) -> [GraphError.Problem] {
        hiddenStates.compactMap { value in
            let message: String
            if shapes[value].map({ $0.rows == .sequences }) ?? true {
                message = "a hidden state must be a value with one row a token"
            } else {
                return nil
            }
            return GraphError.Problem(kind: .structure, subject: value, message: message)
        }
    }
}
