import Checkpoints
import Inputs
import ModelGraph
import NumPy
import Plans
import Rewriting
import Runtime
import TestSupport
import Tensors
import Testing

/// Trials run from the first value that is not the source's: that must be the same run.
@Suite("Runs that begin inside a model")
struct CachedActivationsTests {
    private let resources = ExecutionResources(threads: 2)
    /// Families whose runs begin at their inputs, and why: none so far.
    private let whole: Set<String> = []

    @Test("a changed model gives the same bits from kept values as from its inputs", arguments: familyNames)
    func sameBits(_ name: String) throws {
        let folder = Repository.fixture("families/\(name)")
        let arrays = try NumPyArchive(path: "\(folder)/reference.npz").tensors().filter {
            ["input_ids", "token_type_ids", "decoder_input_ids", "pixel_values", "input_features"].contains($0.key)
        }
        let model = try Checkpoint.load(path: folder).fitted(to: arrays)
        let sequences = try GraphArrays.sequences(from: arrays, for: model.graph)
        let nodes = model.graph.attentionNodes
        let activations = try CachedActivations(
            of: model, model.graph.cuts(before: nodes.map(\.name)), sequences: sequences, keeping: 1 << 30,
            resources: resources)
        let values = Set(model.graph.hiddenStates.suffix(1) + model.graph.outputs.map(\.value)).sorted()
        for (index, node) in nodes.enumerated() where index > 0 {
            let trial = try changed(model, node)
            let observation = Observation(values: Set(values), contexts: [node.name])
            let begun = try activations.begun(trial, observing: observation, resources: resources)
            let found = try begun.collect(sequences.indices, values: values, contexts: [node.name])
            let expected = try trial.compiled(resources: resources, observing: observation)
                .collect(sequences, values: values, contexts: [node.name])
            #expect(begun.isPart != whole.contains(name), "\(node.name)")
            for value in values {
                #expect(bits(found.values[value]) == bits(expected.values[value]), "\(value) behind \(node.name)")
            }
            #expect(bits(found.contexts[node.name]) == bits(expected.contexts[node.name]), "\(node.name)")
        }
    }

    @Test("a model that was changed further ahead than the kept values begins where they still hold")
    func movedOn() throws {
        let model = Model.random(layers: 4, seed: 3), sequences = randomSequences(30, seed: 4)
        let names = model.graph.cuts(before: model.graph.attentionNodes.map(\.name))
        let first = try CachedActivations(
            of: model, names, sequences: sequences, keeping: 1 << 30, resources: resources)
        let changed = try changed(model, #require(model.graph.node(named: attentionName(1))))
        let second = try CachedActivations(
            of: changed, names, sequences: sequences, keeping: 1 << 30, from: first, resources: resources)
        let value = try #require(model.graph.hiddenStates.last)
        let observation = Observation(values: [value])
        let expected = try changed.compiled(resources: resources, observing: observation)
            .collect(sequences, values: [value])
        for activations in [first, second] {
            let begun = try activations.begun(changed, observing: observation, resources: resources)
            #expect(begun.isPart)
            #expect(
                try bits(begun.collect(sequences.indices, values: [value]).values[value])
                    == bits(expected.values[value]))
        }
        // The source itself still is what it was.
        let source = try second.begun(model, observing: observation, resources: resources)
        #expect(
            try bits(source.collect(sequences.indices, values: [value]).values[value])
                == bits(
                    model.compiled(resources: resources, observing: observation).collect(sequences, values: [value])
                        .values[value]))
    }

    @Test("sequences beyond the limit on memory, and masked ones, run whole and give the same")
    func limits() throws {
        let model = Model.random(layers: 3, seed: 5)
        var sequences = randomSequences(40, seed: 6)
        let names = model.graph.cuts(before: [attentionName(1)])
        let trial = try changed(model, #require(model.graph.node(named: attentionName(1))))
        let value = try #require(model.graph.hiddenStates.last)
        let observation = Observation(values: [value])
        let width = try #require(model.graph.shapes[value]?.width)
        func check(_ isPart: Bool) throws {
            let few = try CachedActivations(
                of: model, names, sequences: sequences,
                keeping: 4 * width * sequences[..<10].reduce(0) { $0 + $1.ids.count },
                resources: resources
            ).begun(trial, observing: observation, resources: resources)
            #expect(few.isPart == isPart)
            let whole = try trial.compiled(resources: resources, observing: observation)
            // Within, across and behind the limit.
            for range in [0..<5, 5..<20, 20..<40] {
                #expect(
                    try bits(few.collect(range, values: [value]).values[value])
                        == bits(whole.collect(Array(sequences[range]), values: [value]).values[value]))
            }
        }
        try check(false)
        for index in sequences.indices { sequences[index].mask = sequences[index].ids.indices.map { $0 != 1 } }
        try check(false)
    }

    /// The model with another output projection at a node, and where the rules allow it a head that takes its map from
    /// the first node of the stack.
    private func changed(_ model: Model, _ node: Node) throws -> Model {
        var plan = ReusePlan(of: model.graph)
        let kind = MapKind(node, model.graph.shapes)
        let owner = model.graph.attentionNodes.first { MapKind($0, model.graph.shapes) == kind }
        if let owner, owner.name != node.name, let layer = plan.layers.firstIndex(where: { $0.node == node.name }) {
            plan.layers[layer].heads[0].source = .reused(HeadID(node: owner.name, head: 0))
        }
        var result = (try? model.applying(plan)) ?? model
        let id = node.owner(of: "output_weight")
        let weight = try #require(result.tensors[id])
        // A node that shares its projection with others changes alone.
        guard id == node.parameterID("output_weight"), !result.graph.sharedParameters.contains(id) else {
            return result
        }
        result.tensors[id] = Tensor(weight.floats.map { $0 * 1.25 }, shape: weight.shape)
        return result
    }

    private func bits(_ rows: RowBuffer?) -> [UInt32] {
        guard let rows else { return [] }
        return (0..<rows.rows * rows.columns).map { rows.base[$0].bitPattern }
    }
}
