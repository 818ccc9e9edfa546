import ModelGraph
import Platform

extension LayerCall {
    /// The input of a norm over the last axis.
    func normalized() throws(Problem) -> LayerValue {
        let input = try input()
        let axis = config["axis"] ?? .integer(-1)
        let axes = axis.arrayValue?.map(\.intValue) ?? [axis.intValue]
        guard input.axes.last == .width, axes == [-1] || axes == [input.axes.count] else {
            throw unsupported("normalises axis \(axis.shortDescription) of \(input.shapeText)")
        }
        return input
    }
}
