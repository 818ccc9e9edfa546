import CKernels
import ModelGraph
import Tensors

extension Compiler {
    /// Drafts a recurrent cell: the rows' product with its first matrix, and the walk through them.
    mutating func add(_ recurrent: Recurrent, _ node: Node) throws(RuntimeError) {
        let source = try input(node, 0), axis = schedule.axis(of: source)
        let weight = PackedLinear(
            weight: try tensor(node, "weight"), bias: try optionalTensor(node, "bias", if: recurrent.hasBias),
            packing: packing)
        let projected = register(.rows(axis: axis), width: recurrent.gateWidth)
        let product = ProductStep(matrix: .floats(weight), input: source, out: projected)
        drafts.append(
            Draft(work: .row(.product(product)), reads: [source], writes: [projected], axis: axis))
        var rest = try inputs(node).dropFirst()
        let mask = recurrent.hasMask ? rest.popFirst() : nil
        let scratch = register(
            .rows(axis: Schedule.sequenceAxis), width: RecurrentStep.Layout(recurrent).width)
        let out = try result(of: node.name)
        let step = RecurrentStep(
            recurrent: recurrent, projected: projected, matrices: try recurrentMatrices(recurrent, node), mask: mask,
            states: Array(rest), scratch: scratch, out: out)
        drafts.append(
            Draft(
                work: .shape(.recurrent(step)), reads: [projected] + (mask.map { [$0] } ?? []) + rest,
                writes: [scratch, out]))
    }

    private func recurrentMatrices(_ recurrent: Recurrent, _ node: Node) throws(RuntimeError) -> [PackedLinear] {
        let weight = try tensor(node, "recurrent_weight"), units = recurrent.units, width = recurrent.gateWidth
        guard recurrent.cell == .gruResettingFirst else {
            let hasOwnBias = recurrent.hasBias && recurrent.cell == .gru
            return [
                PackedLinear(
                    weight: weight, bias: try optionalTensor(node, "recurrent_bias", if: hasOwnBias), packing: packing)
            ]
        }
        return [(0, 2 * units), (2 * units, units)].map { first, columns in
            PackedLinear(inputWidth: units, outputWidth: columns, hasBias: false, packing: packing) { packed, _ in
                weight.withFloats { source in
                    guard let source = source.baseAddress else { return }
                    rk_pack(source + first, units, columns, width, 1, packed)
                }
            }
        }
    }

    /// Drafts the products of a grouped convolution, whose windows stand side by side already.
    mutating func appendGrouped(
        _ convolution: Convolution, windows: Register, _ node: Node
    ) throws(RuntimeError) {
        let out = try result(of: node.name)
        let step = GroupedStep(
            convolution: convolution, weight: try tensor(node, "weight").float32(),
            bias: try optionalTensor(node, "bias", if: convolution.hasBias)?.float32(), input: windows, out: out)
        append(.grouped(step), reads: [windows], writes: out, of: node.name)
    }

    /// What an attention whose scores are sums of hyperbolic tangents needs; `nil` for one that multiplies.
    mutating func additiveScores(
        _ attention: Attention, _ node: Node, space: Int
    ) throws(RuntimeError) -> AdditiveScores? {
        guard attention.comparison == .additive, !attention.computedHeads.isEmpty else { return nil }
        let stored = try tensor(node, "score_weight").floats
        let weights = FloatBuffer(count: KernelSet.padded(stored.count))
        for (index, weight) in stored.enumerated() { weights.base[index] = weight }
        return AdditiveScores(weights: weights, scores: register(.maps(space: space), width: 0))
    }
}
