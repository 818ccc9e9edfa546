import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// `matmul(a, b)` and `einsum("bqhd,bkhd->bhqk", a, b)`: products of matrices, sequence by sequence and head by head.
enum MatrixOperation: KerasOperation {
    static let functions = ["matmul", "batchmatmulv2", "batchmatmul", "einsum"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        if call.functionName == "einsum" { return try EquationProduct(call).apply(in: &builder) }
        var left = call.operand(0, ["a", "x1", "x"]), right = call.operand(1, ["b", "x2", "y"])
        func isOn(_ names: [String]) -> Bool { names.contains { call.keywords[$0]?.constant?.boolValue ?? false } }
        if isOn(["adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse"]) {
            throw call.unsupported("adjoint or sparse matrices")
        }
        if isOn(["transpose_a"]) { left = try exchanged(left, call, &builder) }
        if isOn(["transpose_b"]) { right = try exchanged(right, call, &builder) }
        // A matrix that is known: what a dense layer does.
        if let input = left.tensor, let matrix = right.array, matrix.shape.count == 2, !matrix.isBatched {
            return .tensor(try linear(input, matrix, call, &builder))
        }
        let operands = try builder.operands([left, right], for: call)
        return .tensor(try builder.matrices(operands[0], operands[1], for: call))
    }

    private static func exchanged(
        _ value: KerasValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        if let array = value.array, array.shape.count >= 2 {
            var order = Array(array.shape.indices)
            order.swapAt(order.count - 1, order.count - 2)
            return array.permuted(order).map(KerasValue.array) ?? value
        }
        guard let tensor = value.tensor, tensor.axes.count >= 2 else { throw call.unsupported("transposes a vector") }
        var order = Array(tensor.axes.indices)
        order.swapAt(order.count - 1, order.count - 2)
        return .tensor(try builder.permuted(tensor, order, for: call))
    }

    private static func linear(
        _ input: LayerValue, _ matrix: ConstantArray, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let value = try builder.row(input.withoutMask, for: call, part: "input")
        guard value.axes.last == .width, value.width == matrix.shape[0] else {
            throw call.unsupported("multiplies \(input.shapeText) with a constant \(matrix.shapeText)")
        }
        let tensor = Tensor(matrix.values.map { Float($0) }, shape: [matrix.shape[0], matrix.shape[1]])
        var result = value
        result.isInteger = false
        result.width = matrix.shape[1]
        result.name = builder.addOwned(
            .linear(Linear(inputWidth: matrix.shape[0], outputWidth: matrix.shape[1], hasBias: false)), [value.name],
            to: call, part: "", ["weight": .computed(.init(names: [], shape: tensor.shape) { _ in tensor })])
        return result
    }
}

extension KerasGraphBuilder {
    /// The product of each matrix of one tensor with one of another: `[batch, …, m, k]` with `[batch, …, k, n]`.
    mutating func matrices(
        _ left: LayerValue, _ right: LayerValue, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let first = try row(left.withoutMask, for: call, part: "left")
        let second = try row(right.withoutMask, for: call, part: "right")
        let refusal = call.unsupported("multiplies \(left.shapeText) with \(right.shapeText)")
        let rank = first.axes.count
        guard rank >= 2, second.axes.count == rank, first.axes.last == .width, second.axes.last == .width else {
            throw refusal
        }
        let leading = extents(of: first).prefix(rank - 2), others = extents(of: second).prefix(rank - 2)
        let heads = leading.compactMap { $0 }
        guard heads.count == rank - 2, Array(leading) == Array(others), extents(of: second)[rank - 2] == first.width
        else {
            throw refusal
        }
        let count = heads.reduce(1, *)
        guard count == 1 || resolved(first.rows).fixedCount != nil else { throw refusal }
        let rows = counted(second, for: call, part: "right_row")
        var result = first
        result.isInteger = false
        result.width = second.width
        result.name = add(.matrixProduct(MatrixProduct(count: count)), [first.name, rows.name], to: call)
        return result
    }
}

/// A product that an equation describes, as transposes, products of matrices and transposes back.
private struct EquationProduct {
    private let call: LayerCall

    init(_ call: LayerCall) { self.call = call }

    func apply(in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        // Keras 3 notes the equation, TensorFlow hands it in first.
        var arguments = call.arguments.flatMap(\.elements)
        var text = call.config["subscripts"]?.stringValue ?? call.keywords["equation"]?.constant?.stringValue
        if text == nil, let first = arguments.first?.constant?.stringValue {
            text = first
            arguments.removeFirst()
        }
        let sides = (text ?? "").filter { $0 != " " }.split(separator: ">").map { $0.filter { $0 != "-" } }
        let parts = sides.first?.split(separator: ",").map { Array($0) } ?? []
        guard sides.count == 2, parts.count == 2, arguments.count == 2, let left = arguments[0].tensor,
            let right = arguments[1].tensor
        else { throw call.unsupported("the equation \"\((text ?? "?").printable)\" is not known") }
        let refusal = call.unsupported(
            "the equation \"\((text ?? "?").printable)\" of \(left.shapeText) and \(right.shapeText)")
        let a = parts[0], b = parts[1], out = Array(sides[1])
        guard let batch = a.first, batch == b.first, batch == out.first, a.count == left.axes.count + 1,
            b.count == right.axes.count + 1, Set(a).count == a.count, Set(b).count == b.count,
            Set(out).count == out.count
        else { throw refusal }
        let shared = a.dropFirst().filter { b.contains($0) && out.contains($0) }
        let contracted = a.dropFirst().filter { b.contains($0) && !out.contains($0) }
        let leftOnly = a.dropFirst().filter { !b.contains($0) }, rightOnly = b.dropFirst().filter { !a.contains($0) }
        guard !contracted.isEmpty, (leftOnly + rightOnly + shared).allSatisfy(out.contains),
            out.count == 1 + shared.count + leftOnly.count + rightOnly.count
        else { throw refusal }
        var sizes: [Character: Int] = [:]
        for (labels, value) in [(a, left), (b, right)] {
            for (label, extent) in zip(labels.dropFirst(), builder.extents(of: value)) {
                guard let extent, sizes[label] ?? extent == extent else { throw refusal }
                sizes[label] = extent
            }
        }
        func size(_ labels: [Character]) -> Int { labels.reduce(1) { $0 * (sizes[$1] ?? 1) } }
        func arranged(
            _ value: LayerValue, _ labels: [Character], _ groups: [[Character]], _ builder: inout KerasGraphBuilder
        ) throws(Problem) -> LayerValue {
            let order = groups.joined().compactMap { labels.dropFirst().firstIndex(of: $0).map { $0 - 1 } }
            let turned = try builder.permuted(value.withoutMask, order, for: call)
            return try builder.reshaped(turned, to: groups.map(size), for: call)
        }
        let first = try arranged(left, a, [Array(shared), Array(leftOnly), Array(contracted)], &builder)
        let second = try arranged(right, b, [Array(shared), Array(contracted), Array(rightOnly)], &builder)
        let product = try builder.matrices(first, second, for: call)
        let made = Array(shared) + Array(leftOnly) + Array(rightOnly)
        let opened = try builder.reshaped(product, to: made.map { sizes[$0] }, for: call)
        let order = out.dropFirst().compactMap { made.firstIndex(of: $0) }
        return .tensor(try builder.permuted(opened, order, for: call))
    }
}
