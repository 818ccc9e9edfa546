import Costs
import Kernels
import ModelGraph
import Quantizing
import Rewriting
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Quantising")
struct QuantizingTests {
    /// Nothing is kept back: nine of ten sequences fit.
    private func calibration() throws -> CalibrationSet {
        try CalibrationSet(randomSequences(200, seed: 31), judging: .given([]))
    }

    private func quantized(
        _ model: Model, _ target: QuantizationTarget, threads: Int = 1, data: Bool = true
    ) throws -> (model: Model, summary: QuantizationSummary) {
        let quantizer = Quantizer(options: .init(target: target, resources: ExecutionResources(threads: threads)))
        return try quantizer.quantize(model, calibration: data ? try calibration() : nil)
    }

    @Test("rows become what their 8-bit values stand for, to the bit of the written steps")
    func rows() throws {
        let buffer = RowBuffer(rows: 4, columns: 3)
        let given: [[Float]] = [[-1, 0, 2], [0, 0, 0], [1, .infinity, 0], [3, 5, 4]]
        for (row, numbers) in given.enumerated() { for column in 0..<3 { buffer.row(row)[column] = numbers[column] } }
        try RowRounding.round(buffer, CancellableWorkers(count: 1))
        // Range 3: steps of 3/255, zero at 85.
        let step: Float = 3 / 255
        #expect(Array(buffer.row(0)) == [-85 * step, 0, 170 * step])
        #expect(Array(buffer.row(1)) == [0, 0, 0])
        #expect(buffer.row(2).allSatisfy { $0.isNaN })
        let other: Float = 5 / 255
        #expect(Array(buffer.row(3)) == [153 * other, 255 * other, 204 * other])
    }

    @Test("rows that fits are made of are those that kernels multiply, to the bit")
    func kernels() throws {
        var generator = SeededGenerator(seed: 11)
        let buffer = RowBuffer(rows: 40, columns: 77)
        let factors = (0..<77).map { _ in Float.random(in: 0.1...3, using: &generator) }
        for row in 0..<40 {
            let reach = Float.random(in: 0...4, using: &generator)
            for column in 0..<77 {
                buffer.row(row)[column] = Float.random(in: -reach...reach * reach, using: &generator)
            }
        }
        buffer.row(7)[3] = 1e30
        buffer.row(8)[3] = .nan
        for set in KernelSet.available {
            let view = MatrixView(base: buffer.base, rows: 40, columns: 77, stride: 77)
            let rows = QuantizedRows(view, factors: factors, kernels: set)
            let reference = buffer.copied()
            try RowRounding.multiply(reference, by: factors, CancellableWorkers(count: 1))
            try RowRounding.round(reference, CancellableWorkers(count: 1))
            for row in 0..<40 {
                for column in 0..<77 {
                    let value = Float(Int32(rows.values[row * 77 + column]) - rows.zeros[row]) * rows.scales[row]
                    let wanted = reference.row(row)[column]
                    #expect(value.bitPattern == wanted.bitPattern || value.isNaN && wanted.isNaN)
                }
            }
        }
    }

    @Test("8 bits lose little, and what was fitted loses less than what was only rounded")
    func fitted() throws {
        let model = Model.random(layers: 2, seed: 17)
        let (fitted, summary) = try quantized(model, .int8)
        let plain = try quantized(model, .int8, data: false).model
        let probe = try OutputProbe(
            source: model, sequences: try calibration().choosing, resources: ExecutionResources(threads: 1))
        let after = try probe.difference(of: fitted), before = try probe.difference(of: plain)
        #expect(after.damage > 0 && after.damage < before.damage)
        #expect(try #require(after.cosine) < 1e-4)
        #expect(summary.after == after)
        let measured = summary.steps.filter { $0.error != nil }
        #expect(measured.count == 8)
        for step in measured { #expect(try #require(step.error) <= #require(step.plainError)) }
        let bytes = fitted.graph.cost(tokens: 1).parameterBytes, source = model.graph.cost(tokens: 1).parameterBytes
        #expect(Double(bytes) < 0.4 * Double(source))
    }

    @Test(
        "the same model whatever the number of threads",
        arguments: [QuantizationTarget.int8, .int4Weights(group: 32)])
    func threads(_ target: QuantizationTarget) throws {
        let model = Model.random(layers: 1, seed: 3, use: .classifier)
        let one = try quantized(model, target, threads: 1).model, three = try quantized(model, target, threads: 3).model
        #expect(one.graph == three.graph)
        #expect(Set(one.tensors.keys) == Set(three.tensors.keys))
        for (id, tensor) in one.tensors { #expect(three.tensors[id]?.hasSameBytes(as: tensor) == true, "\(id)") }
    }

    @Test("4 bits need data, and the small matrix at the end stays in 32")
    func needsData() throws {
        let model = Model.random(layers: 1, seed: 3, use: .classifier)
        #expect(throws: AnalysisError.self) { try quantized(model, .int4Weights(group: 32), data: false) }
        let (four, summary) = try quantized(model, .int4Weights(group: 32))
        #expect(four.graph.node(named: "classes")?.precisions.isEmpty == true)
        #expect(summary.steps.contains { $0.name == "classes" && $0.reason == "small" })
        #expect(four.graph.node(named: "layer_0/up")?.precisions["weight"] == Precision(.int4Weights, group: 32))
    }

    @Test("a model that is quantised is not quantised again")
    func twice() throws {
        let once = try quantized(Model.random(layers: 1, seed: 3), .bfloat16, data: false).model
        #expect(throws: AnalysisError.self) { try quantized(once, .int8) }
    }

    @Test("an output that is tied to the table of tokens is read from the same 8-bit rows")
    func tied() throws {
        var model = Model.random(layers: 1, seed: 9)
        let stream = try #require(model.graph.outputs.first?.value)
        model.graph = try model.graph.changed { graph in
            graph.nodes.append(
                Node(
                    name: "logits", operation: .linear(Linear(inputWidth: width, outputWidth: 50, hasBias: false)),
                    inputs: [stream],
                    ties: [
                        "weight": .init(
                            parameter: ParameterID(node: "embeddings", name: "tokens"), isTransposed: true)
                    ]))
            graph.outputs = [.init(name: "logits", value: "logits")]
            graph.use = .languageModel
        }
        let result = try quantized(model, .int8).model
        try result.validate()
        #expect(result.graph.node(named: "logits")?.precisions["weight"]?.kind == .int8)
        #expect(result.tensors["embeddings/tokens"]?.dtype == .int8)
        #expect(result.tensors["embeddings/tokens_scale"]?.shape == [50])
        let weights = try quantized(model, .int4Weights(group: 64)).model
        #expect(weights.graph.node(named: "logits")?.precisions["weight"] == Precision(.int8Weights))
    }
}
