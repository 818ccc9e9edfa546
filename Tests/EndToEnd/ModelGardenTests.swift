import Checkpoints
import Costs
import Inputs
import ModelGraph
import NumPy
import Runtime
import TestSupport
import Tensors
import Testing

/// Blocks and whole encoders as one layer, and layers that reuse attention maps.
@Suite("Models of TensorFlow's Model Garden")
struct ModelGardenTests {
    static let cases = [
        "garden_reuse_partial", "garden_reuse_relative", "garden_cross_layer", "garden_encoder_block_prenorm",
        "garden_bert_encoder_v2",
    ]

    private func path(_ folder: String) -> String { Repository.fixture("keras/\(folder)/model.h5") }

    private func reference(_ folder: String) throws -> [String: Tensor] {
        try NumPyArchive(path: Repository.fixture("keras/\(folder)/reference.npz")).tensors()
    }

    private func results(of model: Model, _ reference: [String: Tensor]) throws -> [String: Tensor] {
        try EndToEnd.results(of: model, for: inputs(of: reference))
    }

    @Test("results and maps of the Model Garden's models are those of Keras", arguments: cases)
    func outputs(_ folder: String) throws {
        let reference = try reference(folder)
        let model = try Checkpoint.load(path: path(folder))
        let results = try results(of: model, reference)
        for (name, expected) in reference {
            if name.hasPrefix("out.") {
                #expect(difference(results["output.\(name.dropFirst(4))"], expected) < 1e-5, "\(name)")
            } else if name.hasPrefix("scores.") {
                // In the layer's own order: heads that compute first, then those that reuse.
                #expect(difference(results["attentions_\(name.dropFirst(7))"], expected) < 1e-5, "\(name)")
            }
        }
        let summary = try Checkpoint.describe(path: path(folder))
        #expect(summary.problems == [])
    }

    /// Chains are resolved: a map is computed once, wherever it is read.
    @Test("layers that reuse attention maps are read as a plan")
    func plan() throws {
        let model = try Checkpoint.load(path: path("garden_reuse_partial"))
        let plan = try #require(model.plan)
        #expect(plan.replacedCount == 6 && model.graph.mapCount == 10)
        func node(_ layer: Int) -> String { "layer_\(layer)/self_attention" }
        func reused(_ layer: Int, _ head: Int) -> HeadSource { .reused(HeadID(node: node(layer), head: head)) }
        let expected: [[HeadSource]] = [
            [.computed, .computed, .computed, .computed],
            [.computed, .computed, reused(0, 0), reused(0, 1)],
            [.computed, .computed, .computed, reused(1, 0)],
            // The layer before gives three new maps and one reused: three of them are its own.
            [.computed, reused(2, 0), reused(2, 1), reused(2, 2)],
        ]
        for (layer, sources) in expected.enumerated() {
            #expect(plan.layers[layer].node == node(layer))
            #expect(plan.layers[layer].heads.map(\.source) == sources)
        }
        #expect(try Checkpoint.describe(path: path("garden_reuse_partial")).plan == plan)
        #expect(try Checkpoint.load(path: path("garden_bert_encoder_v2")).plan == nil)
    }

    /// A layer that hands on what it was given lets the next one reach back to the root.
    @Test("a layer that only reuses maps passes them on as they were")
    func wholeLayers() throws {
        let graph = try Checkpoint.load(path: path("garden_reuse_relative")).graph
        let last = try #require(graph.attentionNodes.last?.attention)
        #expect(last.heads.last == .reused(HeadID(node: "layer_1/self_attention", head: 0)))
        let whole = try #require(graph.node(named: "layer_2/self_attention")?.attention)
        #expect(whole.computedHeads.isEmpty && whole.positions == nil)
        #expect(
            whole.heads.map(\.terms.first?.map) == [
                .head(HeadID(node: "layer_1/self_attention", head: 0)),
                .head(HeadID(node: "layer_1/self_attention", head: 1)),
                .head(HeadID(node: "layer_0/self_attention", head: 0)),
                .head(HeadID(node: "layer_0/self_attention", head: 1)),
            ])
    }

    @Test(
        "a model that reuses maps comes back from its own file to the bit",
        arguments: ["garden_reuse_partial", "garden_reuse_relative", "garden_cross_layer"])
    func writing(_ folder: String) throws {
        let reference = try reference(folder)
        let model = try Checkpoint.load(path: path(folder))
        let readBack = try writtenAndRead(model)
        #expect(readBack.graph == model.graph && readBack.plan == model.plan)
        let before = try results(of: model, reference), after = try results(of: readBack, reference)
        #expect(before.keys == after.keys)
        for (name, tensor) in before { #expect(difference(after[name], tensor) == 0, "\(name)") }
    }

    /// Vectors of a text are means of the rows that are no padding, here out of what Keras computes.
    @Test("pooled vectors leave out the rows that an input's mask hides")
    func pooling() throws {
        let reference = try reference("garden_encoder_block_prenorm")
        let model = try Checkpoint.load(path: path("garden_encoder_block_prenorm"))
        let ids = try #require(reference["in.input_word_ids"]), mask = try #require(reference["in.input_mask"])
        let value = try #require(model.graph.hiddenStates.last)
        #expect(Array(model.graph.rowMasks.values) == ["input_mask"])
        let compiled = try CompiledModel(
            model,
            options: .init(resources: .init(threads: 1), observation: Observation(values: [value, "input_mask"])))
        let vectors = try compiled.vectors(
            of: value,
            for: GraphArrays.sequences(from: ["input_word_ids": ids, "input_mask": mask], for: model.graph)
        ).floats
        let rows = try #require(reference["out.sequence_output"]).floats, shown = mask.floats
        for sequence in 0..<3 {
            let visible = (0..<12).filter { shown[sequence * 12 + $0] != 0 }
            #expect(sequence == 0 || visible.count < 12)
            for column in 0..<24 {
                let sum = visible.reduce(Float(0)) { $0 + rows[(sequence * 12 + $1) * 24 + column] }
                #expect(abs(vectors[sequence * 24 + column] - sum / Float(visible.count)) < 1e-5)
            }
        }
    }
}
