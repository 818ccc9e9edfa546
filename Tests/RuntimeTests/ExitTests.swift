import ModelGraph
import Plans
import Runtime
import TestSupport
import Tensors
import Testing

@Suite("Inputs that leave at exits")
struct ExitTests {
    /// A text classifier of four layers with two exits, all parameters random.
    private static func model(_ margins: [Float], pooling: Pooling = .mean) throws -> Model {
        let shape = EncoderShape.computed(layers: 4, heads: 3)
        var graph = try Model.random(shape, seed: 3).graph.graph
        let states = graph.hiddenStates
        graph.nodes += [
            Node(name: "pooled", operation: .pooling(pooling), inputs: [states[4]]),
            Node(
                name: "classes", operation: .linear(Linear(inputWidth: shape.hidden, outputWidth: 5)),
                inputs: ["pooled"]),
            Node(name: "likely", operation: .softmax, inputs: ["classes"]),
        ]
        graph.outputs = [.init(name: "output", value: "likely")]
        graph.use = .classifier
        let exits = zip([states[1], states[3]], margins).map { ReusePlan.Exit(after: $0, margin: $1) }
        return Model(randomFor: try graph.checked().addingExits(exits).graph, spread: 0.3, seed: 9)
    }

    private static func texts() -> [ModelInput] {
        randomSequences([3, 17, 30, 8, 1, 44, 21, 5, 12, 63], masked: false, seed: 5).map { ModelInput(ids: $0.ids) }
    }

    private static func run(
        _ model: Model, _ texts: [ModelInput], threads: Int = 1, group: Int = 512
    ) throws -> (rows: [[Float]], left: [Int]) {
        let compiled = try CompiledModel(
            model,
            options: .init(
                resources: .init(threads: threads), groupTokens: group, observation: Observation(values: ["likely"])))
        let floats = try compiled.vectors(of: "likely", for: texts).floats
        return (texts.indices.map { Array(floats[$0 * 5..<$0 * 5 + 5]) }, compiled.exitCounts.map(\.left))
    }

    @Test("each text has the scores of the first exit that it is sure at", arguments: [Pooling.mean, .first, .max])
    func reference(_ pooling: Pooling) throws {
        let texts = Self.texts()
        // Margins in the middle of what these texts have, so that each of the three ways is gone.
        let open = try Self.model([0, 0], pooling: pooling)
        let margins = open.graph.graph.exits.map { exit in
            texts.map { text -> Float in
                let scores = (ReferenceInterpreter(open, text).values[exit.inputs[0]]?.first ?? []).sorted(by: >)
                return Float(scores[0] - scores[1])
            }
        }
        let first = margins[0].sorted()[texts.count * 2 / 3] - 1e-4
        let rest = texts.indices.filter { margins[0][$0] < first }.map { margins[1][$0] }.sorted()
        let model = try Self.model([first, rest[rest.count / 2] - 1e-4], pooling: pooling)
        let (rows, counted) = try Self.run(model, texts)
        for (text, row) in zip(texts, rows) {
            let expected = ReferenceInterpreter(model, text).values["likely"]?.first ?? []
            for (x, y) in zip(row, expected) { #expect(abs(Double(x) - y) < 1e-5, "\(text.ids.count) tokens") }
        }
        let exits = model.graph.graph.exits
        var left = [0, 0]
        for text in texts {
            let values = ReferenceInterpreter(model, text).values
            let taken = exits.indices.first { index in
                guard case .exit(let margin) = exits[index].operation,
                    let scores = values[exits[index].inputs[0]]?.first?.sorted(by: >)
                else { return false }
                return scores[0] - scores[1] >= Double(margin)
            }
            if let taken { left[taken] += 1 }
        }
        #expect(counted == left)
        #expect(left[0] > 0 && left[1] > 0 && left[0] + left[1] < texts.count, "\(left)")
    }

    @Test("results depend neither on batch mates, nor on threads, nor on groups, to the bit", arguments: [1, 2, 3])
    func bits(_ threads: Int) throws {
        let model = try Self.model([0.35, 0.3])
        let texts = Self.texts()
        let together = try Self.run(model, texts, threads: threads).rows
        #expect(try Self.run(model, texts, threads: threads, group: 30).rows == together)
        for (index, text) in texts.enumerated() {
            #expect(try Self.run(model, [text], threads: threads).rows[0] == together[index], "text \(index)")
        }
    }

    @Test("a margin of 0 lets all leave at the first exit, one that nothing reaches lets none")
    func extremes() throws {
        let texts = Self.texts()
        #expect(try Self.run(try Self.model([0, 0]), texts).left == [texts.count, 0])
        let (rows, left) = try Self.run(try Self.model([1e9, 1e9]), texts)
        #expect(left == [0, 0])
        // The rest of the model is the model: its bits do not change.
        var plain = try Self.model([1e9, 1e9])
        plain.graph = try plain.graph.changed { graph in
            for index in graph.nodes.indices where graph.nodes[index].name == "likely" {
                graph.nodes[index].inputs = ["classes"]
            }
        }
        #expect(try Self.run(plain, texts).rows == rows)
    }

    @Test("scores that are no numbers leave nowhere")
    func notANumber() throws {
        var model = try Self.model([0, 0])
        let image = try #require(model.graph.graph.exits.first).name + "/image"
        model.tensors[ParameterID(node: image, name: "bias")] = Tensor([Float](repeating: .nan, count: 24), shape: [24])
        #expect(try Self.run(model, Self.texts()).left.first == 0)
    }

    @Test("a text that hides tokens before others is refused, one that hides its end is not")
    func masks() throws {
        let model = try Self.model([0.3, 0.3])
        let ids = [Int32](1...6)
        let padded = ModelInput(ids: ids, mask: [true, true, true, true, false, false])
        #expect(try Self.run(model, [padded]).rows == Self.run(model, [ModelInput(ids: Array(ids[..<4]))]).rows)
        for mask in [[false, true, true, true, true, true], [true, true, false, true, true, false]] {
            #expect {
                _ = try Self.run(model, [ModelInput(ids: ids, mask: mask)])
            } throws: { "\($0)".contains("pad at the end") }
        }
    }
}
