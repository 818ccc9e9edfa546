import ArchitectureSpecs
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

extension KerasGraphBuilder {
    /// Values and keys of different tensors as one stream of both widths.
    mutating func sideBySide(_ values: LayerValue, _ keys: LayerValue, for call: LayerCall) -> LayerValue {
        var result = values
        result.name = add(.concatenate(.width), [values.name, keys.name], to: call, part: "memory")
        result.width += keys.width
        return result
    }
}

extension ParameterSource {
    /// A matrix with rows of zeros before and after its own: it reads some columns of a wider stream.
    func padded(rows: Int, columns: Int, before: Int, after: Int) -> ParameterSource {
        let shape: Shape = [before + rows + after, columns]
        @Sendable func padded(_ matrix: Tensor) -> Tensor? {
            let values = matrix.floats
            guard values.count == rows * columns else { return nil }
            let zeros = { (count: Int) in [Float](repeating: 0, count: count * columns) }
            return Tensor(zeros(before) + values + zeros(after), shape: shape)
        }
        switch self {
        case .stored(let tensor):
            return .computed(.init(names: [tensor.name], shape: shape) { $0.first.flatMap(padded) })
        case .computed(let computation):
            return .computed(.init(names: computation.names, shape: shape) { computation.make($0).flatMap(padded) })
        }
    }
}
