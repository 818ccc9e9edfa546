import Tensors

/// Symbolic shape of a value: one row a token or one row a sequence.
public struct ValueShape: Sendable, Hashable, CustomStringConvertible {
    /// What one row belongs to.
    public enum Rows: String, Sendable, Hashable {
        case tokens, sequences
    }

    /// What one row belongs to.
    public let rows: Rows
    /// Width of a row.
    public let width: Int

    public init(rows: Rows, width: Int) {
        self.rows = rows
        self.width = width
    }

    public var description: String {
        rows == .tokens ? "[batch, tokens, \(width)]" : "[batch, \(width)]"
    }
}

extension Graph {
    /// Shape of every node's value.
    ///
    /// Afterwards every size is within `GraphLimit`: sizes of one node may be multiplied without checking.
    ///
    /// - Throws: Every problem with names, inputs, numbers and widths at once.
    public func inferShapes() throws(GraphError) -> [String: ValueShape] {
        guard nodes.count <= GraphLimit.nodes else {
            throw GraphError(.structure, "graph", "has \(nodes.count) nodes, at most \(GraphLimit.nodes) are possible")
        }
        var shapes: [String: ValueShape] = [:]
        var problems: [GraphError.Problem] = []
        var parameterCount = 0
        let inputNames = Set(inputs)
        for node in nodes {
            if shapes[node.name] != nil || inputNames.contains(node.name) {
                problems.append(.init(kind: .structure, place: node.name, message: "the name is used twice"))
            }
            switch node.resultShape(shapes: shapes, graphInputs: inputNames) {
            case .success(let shape):
                shapes[node.name] = shape
                // Each shape is within the limits now, and there are few enough nodes for the sum not to overflow
                // before it is noticed.
                parameterCount += node.operation.parameters.reduce(0) { $0 + $1.shape.count }
                if parameterCount > GraphLimit.parameters {
                    let message = "has more than \(GraphLimit.parameters) numbers in its parameters"
                    throw GraphError(problems + [.init(kind: .structure, place: "graph", message: message)])
                }
            case .failure(let failure):
                problems.append(.init(kind: .structure, place: node.name, message: failure.message))
            }
        }
        problems += outputProblems(shapes) + hiddenStateProblems(shapes)
        guard problems.isEmpty else { throw GraphError(problems) }
        return shapes
    }

    private func outputProblems(_ shapes: [String: ValueShape]) -> [GraphError.Problem] {
        var names: Set<String> = []
        return outputs.compactMap { output in
            let message: String
            if !names.insert(output.name).inserted {
                message = "two outputs have this name"
            } else if let shape = shapes[output.value] {
                guard output.isSqueezed, shape.width != 1 else { return nil }
                message = "only an axis of width 1 can be left out"
            } else {
                message = "output of an unknown value \"\(output.value)\""
            }
            return GraphError.Problem(kind: .structure, place: output.name, message: message)
        }
    }

    private func hiddenStateProblems(_ shapes: [String: ValueShape]) -> [GraphError.Problem] {
        let width = hiddenStates.first.flatMap { shapes[$0]?.width }
        return hiddenStates.compactMap { value in
            let message: String
            if shapes[value]?.rows != .tokens {
                message = "a hidden state must be a value with one row a token"
            } else if shapes[value]?.width != width {
                message = "hidden states must all be of one width"
            } else {
                return nil
            }
            return GraphError.Problem(kind: .structure, place: value, message: message)
        }
    }
}

private struct ShapeFailure: Error { let message: String }

extension Node {
    fileprivate func resultShape(
        shapes: [String: ValueShape], graphInputs: Set<String>
    ) -> Result<ValueShape, ShapeFailure> {
        if let message = operation.numbersProblem { return .failure(ShapeFailure(message: message)) }
        let isLookup = if case .embedding = operation { true } else { false }
        var arguments: [ValueShape] = []
        for input in inputs where !isLookup {
            guard let shape = shapes[input] else {
                return .failure(ShapeFailure(message: "input \"\(input)\" is not computed before this node"))
            }
            arguments.append(shape)
        }
        let first = arguments.first ?? ValueShape(rows: .tokens, width: 0)
        func expect(_ count: Int, width: Int?) -> ShapeFailure? {
            if arguments.count != count {
                return ShapeFailure(message: "has \(arguments.count) inputs, \(operation.kind) takes \(count)")
            }
            if let width, first.width != width {
                return ShapeFailure(message: "input has width \(first.width), expected \(width)")
            }
            return nil
        }
        switch operation {
        case .embedding(let embedding): return embeddingShape(embedding, graphInputs: graphInputs)
        case .norm(let norm):
            return expect(1, width: norm.width).map(Result.failure) ?? .success(first)
        case .linear(let linear):
            return expect(1, width: linear.inputWidth).map(Result.failure)
                ?? .success(ValueShape(rows: first.rows, width: linear.outputWidth))
        case .activation:
            return expect(1, width: nil).map(Result.failure) ?? .success(first)
        case .add, .gate:
            guard arguments.count >= 2, arguments.allSatisfy({ $0 == first }) else {
                return .failure(ShapeFailure(message: "needs two or more inputs of one shape, has \(arguments)"))
            }
            if case .gate = operation, arguments.count != 2 {
                return .failure(ShapeFailure(message: "gate takes two inputs"))
            }
            return .success(first)
        case .pooling:
            guard arguments.count == 1, first.rows == .tokens else {
                return .failure(ShapeFailure(message: "pools one value with one row a token"))
            }
            return .success(ValueShape(rows: .sequences, width: first.width))
        case .attention(let attention):
            if let failure = expect(attention.isCross ? 2 : 1, width: attention.inputWidth) { return .failure(failure) }
            guard arguments.allSatisfy({ $0.rows == .tokens }) else {
                return .failure(ShapeFailure(message: "attends over values with one row a token"))
            }
            if let memory = attention.memoryWidth, arguments[1].width != memory {
                return .failure(ShapeFailure(message: "memory has width \(arguments[1].width), expected \(memory)"))
            }
            return .success(ValueShape(rows: .tokens, width: attention.outputWidth))
        }
    }

    private func embeddingShape(
        _ embedding: Embedding, graphInputs: Set<String>
    ) -> Result<ValueShape, ShapeFailure> {
        guard (embedding.types > 0 ? 1...2 : 1...1).contains(inputs.count) else {
            return .failure(ShapeFailure(message: "takes token ids, and type ids where it has types"))
        }
        if let stranger = inputs.first(where: { !graphInputs.contains($0) }) {
            return .failure(ShapeFailure(message: "\"\(stranger)\" is not an input of the graph"))
        }
        return .success(ValueShape(rows: .tokens, width: embedding.width))
    }
}
