import Platform

/// An axis of extent 1 put in, or one left out.
enum AxisOperation: KerasOperation {
    static let functions = ["expanddims", "expanddimsv2", "squeeze"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        call.functionName == "squeeze" ? try squeezed(call) : try expanded(call)
    }

    private static func expanded(_ call: LayerCall) throws(Problem) -> KerasValue {
        let first = call.arguments.first ?? .none
        // Positions have no batch axis until one is put in front: then they are what they were.
        if case .positions = first, call.axis == 0 { return first }
        guard let axis = call.axis, let input = first.tensor else {
            throw call.unsupported("an axis for something that is no tensor")
        }
        let index = axis < 0 ? axis + input.axes.count + 1 : axis - 1
        guard (0...input.axes.count).contains(index) else { throw call.unsupported("an axis at \(axis)") }
        var result = input.withoutMask
        result.axes.insert(.one, at: index)
        guard !result.axes.dropLast().contains(.width) else {
            throw call.unsupported("an axis behind the last of \(input.shapeText)")
        }
        result.axes = result.axes.withWidth
        return .tensor(result)
    }

    private static func squeezed(_ call: LayerCall) throws(Problem) -> KerasValue {
        let input = try call.input()
        guard let axis = call.axis else { throw call.unsupported("all axes of extent 1 at once") }
        let index = axis < 0 ? axis + input.axes.count : axis - 1
        guard input.axes.indices.contains(index), input.extents[index] == 1 else {
            throw call.unsupported("leaves axis \(axis) of \(input.shapeText) out")
        }
        var result = input.withoutMask
        result.axes.remove(at: index)
        return .tensor(result)
    }
}
