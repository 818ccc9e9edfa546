import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// The axes of a tensor that a norm takes together.
struct NormedAxes {
    let call: LayerCall
    let input: LayerValue
    /// Of the input, in ascending order; the first behind the batch is 0.
    let axes: [Int]

    /// - Throws: `unsupported` for axes that the tensor does not have.
    init(_ call: LayerCall) throws(Problem) {
        self.call = call
        input = try call.input()
        let axis = call.config["axis"] ?? .integer(-1)
        let rank = input.axes.count
        var axes: [Int] = []
        for number in axis.arrayValue?.map(\.intValue) ?? [axis.intValue] {
            let place = number.map { $0 < 0 ? $0 + rank : $0 - 1 + call.leadingAxes }
            guard let place, (call.leadingAxes..<rank).contains(place), axes.last.map({ $0 < place }) ?? true else {
                throw call.unsupported("normalises axis \(axis.shortDescription) of \(input.shapeText)")
            }
            axes.append(place)
        }
        guard !axes.isEmpty else { throw call.unsupported("normalises no axis") }
        self.axes = axes
    }

    /// Whether each row is normalised as it stands.
    var isWidth: Bool { axes == [input.axes.count - 1] && input.axes.last == .width }

    /// Numbers that are normalised together.
    func width() throws(Problem) -> Int {
        let extents = axes.compactMap { input.extents[$0] }
        let count = extents.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
        guard extents.count == axes.count, count <= GraphLimit.extent else {
            throw call.unsupported("normalises \(input.shapeText), whose length differs between sequences")
        }
        return count
    }

    /// Adds an operation over rows of these axes, and puts the axes back where they were moved.
    func replacing(
        by operation: Operation, _ parameters: [String: ParameterSource] = [:], in builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        if isWidth { return builder.replacing(input, operation, for: call, parameters) }
        var result = try builder.alongLast(axes, of: input, for: call) {
            [call] (value, builder) throws(Problem) in
            var result = value
            result.name = builder.add(operation, [value.name], to: call, parameters)
            return result
        }
        result.mask = input.mask
        return result
    }
}
