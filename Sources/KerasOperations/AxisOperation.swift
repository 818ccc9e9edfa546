import KerasGraphs
import ModelGraph
import Platform

/// An axis of extent 1 put in, or one left out.
enum AxisOperation: KerasOperation {
    static let functions = ["expanddims", "expanddimsv2", "squeeze"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        call.functionName == "squeeze" ? try squeezed(call, &builder) : try expanded(call, &builder)
    }

    private static func expanded(
        _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        let first = call.first
        // Positions have no batch axis until one is put in front: then they are what they were.
        if case .positions = first, call.axis == 0 { return first }
        guard let axis = call.axis, let input = first.tensor else {
            throw call.unsupported("an axis for something that is no tensor")
        }
        if !input.hasBatch {
            let index = axis < 0 ? axis + input.axes.count + 1 : axis
            var result = input.withoutMask
            if index == 0 {
                result.hasBatch = true
                return .tensor(result)
            }
            return .tensor(try inserted(index + 1, into: result, call, &builder))
        }
        let index = axis < 0 ? axis + input.axes.count + 2 : axis
        return .tensor(try inserted(index, into: input, call, &builder))
    }

    /// A tensor with an axis of extent 1.
    ///
    /// - Parameter axis: Where, the batch counted.
    static func inserted(
        _ axis: Int, into input: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let index = axis - 1
        guard (0...input.axes.count).contains(index) else { throw call.unsupported("an axis at \(axis)") }
        var result = input.withoutMask
        if index == input.axes.count, input.axes.last == .width {
            // Numbers side by side become rows of one number.
            guard let count = input.count, input.width > 1 else {
                guard input.width == 1 else { throw call.unsupported("an axis behind the last of \(input.shapeText)") }
                result.axes[index - 1] = .one
                result.axes.append(.width)
                return result
            }
            result.name = builder.add(
                .rearrange(Rearrangement(extents: [count], rows: count)), [input.name], to: call, part: "rows")
            result.rows = .count(count)
            result.axes = builder.extents(of: input).map { $0 == 1 ? .one : .rows($0) } + [.width]
            result.width = 1
            return result
        }
        result.axes.insert(.one, at: index)
        result.axes = result.axes.withWidth
        return result
    }

    private static func squeezed(
        _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        let input = try call.input()
        let extents = builder.extents(of: input)
        var indices: [Int]
        if let axis = call.axis {
            indices = [axis < 0 ? axis + input.axes.count : axis - 1]
        } else {
            let named = call[1, "axis"].isNone && !call.has("axis")
            guard named else { throw call.unsupported("leaves several axes of \(input.shapeText) out") }
            indices = extents.indices.filter { extents[$0] == 1 }
        }
        guard indices.allSatisfy({ input.axes.indices.contains($0) && extents[$0] == 1 }) else {
            throw call.unsupported("leaves axes of \(input.shapeText) out that are not of extent 1")
        }
        // The one row of a sequence becomes the sequence's own.
        var result =
            indices.contains(where: { input.axes[$0].isRows })
            ? builder.squeezed(input, for: call).withoutMask : input.withoutMask
        guard indices.allSatisfy({ !result.axes[$0].isRows }) else {
            throw call.unsupported("leaves rows of \(input.shapeText) out")
        }
        for index in indices.sorted(by: >) { result.axes.remove(at: index) }
        return .tensor(result)
    }
}
