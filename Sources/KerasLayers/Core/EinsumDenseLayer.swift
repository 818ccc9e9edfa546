import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// A product that is written as an equation; those over the last axes of a stream are known.
enum EinsumDenseLayer: KerasLayerClass {
    static let names = ["EinsumDense"]
    static let options: Set<String>? = ["equation", "output_shape", "activation", "bias_axes", "lora_rank"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        [.kernel(hasBias: layer.has("bias_axes"))]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["lora_rank"])
        let equation = call.config["equation"]?.stringValue ?? ""
        let input = try call.input()
        let hasBias = call.has("bias_axes")
        // `abc,cd->abd`: the kernel's first axis is the input's last, its others are the result's last.
        let sides = equation.split(separator: ">").map { $0.filter { $0 != "-" } }
        let operands = sides.first?.split(separator: ",") ?? []
        guard sides.count == 2, operands.count == 2, let contracted = operands[1].first,
            operands[0].last == contracted, sides[1] == operands[0].dropLast() + operands[1].dropFirst(),
            input.axes.last == .width, let kept = keptExtents(call, count: operands[1].count - 1),
            kept.count == 1, call.config["bias_axes"]?.stringValue.map({ $0 == operands[1].dropFirst() }) ?? true
        else { throw call.unsupported("the equation \"\(equation.printable)\" is not known") }
        let matrix = try builder.matrix(of: call, contracted: [input.width], kept: kept, hasBias: hasBias)
        let rounded = builder.rounded(input, for: call, by: matrix.rounding, part: "input")
        var result = input
        result.width = kept[0]
        result.name = builder.add(
            .linear(Linear(inputWidth: input.width, outputWidth: kept[0], hasBias: hasBias)), [rounded.name], to: call,
            matrix.parameters)
        return [.tensor(try builder.activated(result, by: call.config["activation"], for: call, part: "activation"))]
    }

    /// The last extents of `output_shape`.
    private static func keptExtents(_ call: LayerCall, count: Int) -> [Int]? {
        let shape = call.config["output_shape"]
        let extents = (shape?.arrayValue ?? shape.map { [$0] } ?? []).suffix(count).map(\.intValue)
        let known = extents.compactMap { $0 }.filter { (1...GraphLimit.extent).contains($0) }
        return known.count == count ? known : nil
    }
}
