import Tensors

/// Symbolic shape of a value: one row a token or one row a sequence.
public struct ValueShape: Sendable, Hashable, CustomStringConvertible {
    /// What one row belongs to.
    public enum Rows: String, Sendable, Hashable {
        case tokens, sequences
    }

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
    /// - Throws: Every problem with names, inputs and widths at once.
    public func inferShapes() throws(GraphError) -> [String: ValueShape] {
        var shapes: [String: ValueShape] = [:]
        var problems: [GraphError.Problem] = []
        for node in nodes {
            if shapes[node.name] != nil || inputs.contains(node.name) {
                problems.append(.init(kind: .structure, place: node.name, message: "the name is used twice"))
            }
            switch node.resultShape(shapes: shapes, graphInputs: inputs) {
            case .success(let shape): shapes[node.name] = shape
            case .failure(let failure): problems.append(.init(kind: .structure, place: node.name, message: failure.message))
            }
        }
        for output in outputs where shapes[output.value] == nil {
            problems.append(.init(kind: .structure, place: output.name, message: "output of an unknown value \"\(output.value)\""))
        }
        for output in outputs where output.isSqueezed && shapes[output.value]?.width != 1 {
            problems.append(.init(kind: .structure, place: output.name, message: "only an axis of width 1 can be left out"))
        }
        for value in hiddenStates where shapes[value]?.rows != .tokens {
            problems.append(.init(kind: .structure, place: value, message: "a hidden state must be a value with one row a token"))
        }
        guard problems.isEmpty else { throw GraphError(problems) }
        return shapes
    }
}

private struct ShapeFailure: Error { let message: String }

extension Node {
    fileprivate func resultShape(
        shapes: [String: ValueShape], graphInputs: [String]
    ) -> Result<ValueShape, ShapeFailure> {
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
            guard attention.headSize > 0, attention.valueSize > 0, !attention.heads.isEmpty, attention.groupCount > 0,
                attention.heads.count.isMultiple(of: attention.groupCount)
            else {
                return .failure(ShapeFailure(message: "head size, heads and groups must be positive, and groups divide the heads"))
            }
            return .success(ValueShape(rows: .tokens, width: attention.outputWidth))
        }
    }
    private func embeddingShape(_ embedding: Embedding, graphInputs: [String]) -> Result<ValueShape, ShapeFailure> {
        guard (embedding.types > 0 ? 1...2 : 1...1).contains(inputs.count) else {
            return .failure(ShapeFailure(message: "takes token ids, and type ids where it has types"))
        }
        if let stranger = inputs.first(where: { !graphInputs.contains($0) }) {
            return .failure(ShapeFailure(message: "\"\(stranger)\" is not an input of the graph"))
        }
        guard embedding.vocabulary > 0, embedding.width > 0 else {
            return .failure(ShapeFailure(message: "vocabulary and width must be positive"))
        }
        return .success(ValueShape(rows: .tokens, width: embedding.width))
    }
}
