import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// One row a sequence, repeated.
enum RepeatVectorLayer: KerasLayerClass {
    static let names = ["RepeatVector"]
    static let options: Set<String>? = ["n"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let count = try call.size("n")
        let input = try builder.row(try call.input().withoutMask, for: call, part: "input")
        guard input.axes == [.width] else { throw call.unsupported("repeats a tensor \(input.shapeText)") }
        guard count > 1 else {
            var result = input
            result.axes = [.one, .width]
            return [.tensor(builder.rowed(result, for: call))]
        }
        guard let ones = ConstantArray.filled(1, shape: [1, count, 1]) else { throw call.corrupt("\"n\" is \(count)") }
        var value = input
        value.axes = [.one, .width]
        let rows = try builder.materialized(ones, rank: 3, isColumn: false, for: call)
        return [.tensor(try builder.combine(.multiply, [value, rows], for: call))]
    }
}
