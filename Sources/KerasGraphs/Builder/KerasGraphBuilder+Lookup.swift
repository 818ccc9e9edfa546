import ArchitectureSpecs
import KerasFiles
import ModelGraph
import Platform
import Tensors

extension KerasGraphBuilder {
    /// The ids of an input, one a row.
    ///
    /// An input of floating-point numbers side by side, `[batch, n]`, is Keras's default; that somebody looks its
    /// numbers up tells that they are ids. What is made of it so far is then made once more (`idInputs`).
    ///
    /// - Throws: `unsupported` for ids that are computed.
    package mutating func ids(_ value: LayerValue, for call: LayerCall) throws(Problem) -> LayerValue {
        guard layouts[value.name] != nil else {
            throw call.unsupported("looks up ids that are computed; only an input's are read")
        }
        guard value.isColumn || value.isVectorOfIDs else {
            if value.axes == [.width] || value.axes.last == .width {
                idInputs.insert(value.name)
            }
            throw call.unsupported("looks up the numbers of \(value.shapeText) as ids")
        }
        layouts[value.name]?.content = .ids
        return value
    }

    /// Rows of a table by the ids of an input.
    ///
    /// - Parameter isShared: Whether other calls of the layer look up rows of the same table.
    package mutating func lookedUp(
        _ ids: LayerValue, _ table: ParameterSource, rows: Int, width: Int, scale: Float, isShared: Bool,
        for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let ids = try self.ids(ids, for: call)
        let operation = Operation.embedding(Embedding(vocabulary: rows, width: width, scale: scale))
        var result = ids.withoutMask
        result.name =
            isShared
            ? add(operation, [ids.name], to: call, ["tokens": table])
            : addOwned(operation, [ids.name], to: call, part: "", ["tokens": table])
        result.axes.append(.width)
        result.width = width
        result.isInteger = false
        return result
    }
}

extension LayerValue {
    /// Whether it holds one id a sequence.
    fileprivate var isVectorOfIDs: Bool { axes.isEmpty }
}

extension ParameterSource {
    /// Some rows of a table.
    package func rows(_ numbers: [Int], of count: Int, width: Int) -> ParameterSource {
        let shape = Shape([numbers.count, width])
        @Sendable func chosen(_ table: Tensor) -> Tensor? {
            let values = table.floats
            guard values.count == count * width else { return nil }
            return Tensor(numbers.flatMap { values[$0 * width..<($0 + 1) * width] }, shape: shape)
        }
        switch self {
        case .stored(let tensor):
            return .computed(.init(names: [tensor.name], shape: shape) { $0.first.flatMap(chosen) })
        case .computed(let computation):
            return .computed(.init(names: computation.names, shape: shape) { computation.make($0).flatMap(chosen) })
        }
    }
}
