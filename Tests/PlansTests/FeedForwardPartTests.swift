import Costs
import JSON
import ModelGraph
import Plans
import TestSupport
import Testing

@Suite("Feed-forward parts and the neurons that plans keep")
struct FeedForwardPartTests {
    private let model = Model.random(layers: 2, seed: 3)

    /// The graph with its first feed-forward part changed.
    private func changed(_ change: (inout Graph) -> Void) throws -> [FeedForwardPart] {
        try model.graph.changed(by: change).feedForwardParts
    }

    private func problems(_ entry: ReusePlan.Neurons, _ more: [ReusePlan.Neurons] = []) -> [String] {
        var plan = ReusePlan(of: model.graph)
        plan.neurons = [entry] + more
        do throws(GraphError) {
            _ = try model.graph.applying(plan)
            return []
        } catch {
            #expect(error.kind == .usage)
            return error.problems.map(\.description)
        }
    }

    @Test("a part is found between its first matrices and the one that joins the stream")
    func plain() {
        let parts = model.graph.feedForwardParts
        #expect(parts.map(\.node) == ["layer_0/down", "layer_1/down"])
        #expect(parts.map(\.features) == ["layer_0/activation", "layer_1/activation"])
        #expect(parts.map(\.firsts) == [["layer_0/up"], ["layer_1/up"]])
        #expect(parts.map(\.width) == [40, 40])
    }

    @Test("of a gated part the gate's and the value's columns belong together")
    func gated() throws {
        let parts = try changed { graph in
            guard let place = graph.nodes.firstIndex(where: { $0.name == "layer_0/activation" }) else { return }
            graph.nodes[place] = Node(
                name: "layer_0/activation", operation: .gate(.silu), inputs: ["layer_0/gate", "layer_0/up"])
            graph.nodes.insert(
                Node(
                    name: "layer_0/gate", operation: .linear(Linear(inputWidth: width, outputWidth: 40)),
                    inputs: ["layer_0/attention_norm"]), at: place)
        }
        #expect(parts.first?.firsts == ["layer_0/up", "layer_0/gate"])
    }

    @Test("a part whose inner values are read elsewhere, or whose matrix is shared, is none")
    func closed() throws {
        let shown = try changed { $0.outputs.append(.init(name: "inner", value: "layer_0/activation")) }
        #expect(shown.map(\.node) == ["layer_1/down"])
        let shared = try changed { graph in
            guard let place = graph.nodes.firstIndex(where: { $0.name == "layer_1/up" }) else { return }
            graph.nodes[place].ties["weight"] = .init(parameter: "layer_0/up/weight")
        }
        #expect(shared.isEmpty)
        let normed = try changed { graph in
            guard let place = graph.nodes.firstIndex(where: { $0.name == "layer_0/down" }) else { return }
            graph.nodes[place].inputs = ["layer_0/inner_norm"]
            graph.nodes.insert(
                Node(
                    name: "layer_0/inner_norm", operation: .norm(Norm(width: 40, epsilon: 1e-5)),
                    inputs: ["layer_0/activation"]), at: place)
        }
        #expect(normed.map(\.node) == ["layer_1/down"])
    }

    @Test("a plan narrows both matrices, and saves what the smaller products leave out")
    func narrowing() throws {
        var plan = ReusePlan(of: model.graph)
        plan.neurons = [.init(node: "layer_0/down", width: 40, kept: IndexList(Array(0..<30)))]
        let after = try model.graph.applying(plan)
        let saved = model.graph.cost(tokens: 7).multiplyAdds - after.cost(tokens: 7).multiplyAdds
        #expect(saved == 7 * 10 * 2 * width)
        // The plan of a narrowed model suits that model too, and changes nothing.
        #expect(try after.applying(plan) == after)
    }

    @Test("nonsense in a plan is named with node, neuron and rule")
    func nonsense() {
        func entry(_ kept: [Int], of node: String = "layer_0/down", width: Int = 40) -> ReusePlan.Neurons {
            .init(node: node, width: width, kept: IndexList(kept))
        }
        #expect(problems(entry([0, 40]))[0].contains("layer_0/down.40: the part has 40 neurons"))
        #expect(problems(entry([3, 3]))[0].contains("layer_0/down.3: the plan keeps this neuron twice"))
        #expect(problems(entry([3, 2]))[0].contains("layer_0/down.2: the kept neurons must ascend"))
        #expect(problems(entry([]))[0].contains("one at least must stay"))
        #expect(problems(entry([0, 1], width: 64))[0].contains("for a part of 64 neurons, the model's has 40"))
        #expect(problems(entry([0], of: "layer_0/up"))[0].contains("no feed-forward part of this name"))
        #expect(problems(entry([0]), [entry([1])])[0].contains("lists the neurons of this node twice"))
    }

    @Test(
        "a list of numbers is written as ranges and read back",
        arguments: [([], ""), ([4], "4"), ([0, 1, 2, 7], "0-2,7"), ([5, 3, 4], "5,3-4")])
    func lists(_ indices: [Int], _ text: String) {
        #expect(IndexList(indices).text == text)
        #expect(IndexList(text)?.indices == indices)
    }

    @Test(
        "what is no list of numbers is none",
        arguments: ["a", "1,", "3-1", "-1", "1-2-3", "0-99999999999", "1.5", " 1"])
    func noLists(_ text: String) { #expect(IndexList(text) == nil) }

    @Test(
        "sizes that no model has are refused where a plan is read, before anything is counted or made of them",
        arguments: ["-9223372036854775808", "0", "9223372036854775807", "16777217"])
    func widths(_ width: String) {
        let entry = "{\"node\": \"layer_0/down\", \"width\": \(width), \"kept\": \"0-16777215\"}"
        #expect(throws: (any Error).self) {
            try Document.decode(ReusePlan.Neurons.self, from: Array(entry.utf8))
        }
    }

    @Test("a list of sixteen million numbers takes the memory of its text")
    func compact() throws {
        // A thousand such lists would be 128 GB of numbers.
        let lists = try (0..<1000).map { _ in try #require(IndexList("0-16777214")) }
        #expect(lists.allSatisfy { $0.ranges.count == 1 && $0.count == 16_777_215 })
        #expect(IndexList("0-16777214,3-5") == nil && IndexList("0-16777216") == nil)
        #expect(IndexList("1,2,3") == IndexList("1-3"))
    }
}
