import KerasFiles
import KerasGraphs
import Platform

/// `zeros_like(x)`, `ones_like(x)`: constants of a tensor's shape.
enum LikeOperation: KerasOperation {
    static let functions = ["zeroslike", "oneslike", "fulllike", "zeroslikev2", "oneslikev2"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let value = try call.input()
        let number: Double
        switch call.functionName {
        case "fulllike":
            guard let given = call.operand(1, ["fill_value"]).array?.number else {
                throw call.unsupported("a fill value that is no number")
            }
            number = given
        case let name: number = name.hasPrefix("ones") ? 1 : 0
        }
        let extents = builder.extents(of: value).compactMap { $0 }
        if extents.count == value.axes.count,
            let array = ConstantArray.filled(number, shape: [1] + extents, isInteger: value.isInteger, isBatched: true)
        {
            return .array(array)
        }
        guard number.isFinite else { throw call.unsupported("fills \(value.shapeText) with \(number)") }
        // Of a length that is not known before: the numbers themselves give the shape.
        var result = builder.scaled(value, factor: 0, shift: Float(number), for: call).withoutMask
        result.isInteger = value.isInteger
        return .tensor(result)
    }
}
