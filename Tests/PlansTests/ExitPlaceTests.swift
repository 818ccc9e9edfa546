import Costs
import ModelGraph
import Plans
import TestSupport
import Testing

@Suite("Exits in plans")
struct ExitPlaceTests {
    /// Classes of texts by the mean of the last states of four layers.
    private func classifier(
        use: ModelUse = .classifier, layers: Int = 4, change: (inout Graph) -> Void = { _ in }
    ) throws -> CheckedGraph {
        let shape = EncoderShape.computed(layers: layers, heads: 3)
        var graph = try Model.random(shape, seed: 3).graph.graph
        let stream = graph.hiddenStates[layers]
        graph.nodes += [
            Node(name: "pooled", operation: .pooling(.mean), inputs: [stream]),
            Node(
                name: "classes", operation: .linear(Linear(inputWidth: shape.hidden, outputWidth: 5)),
                inputs: ["pooled"]),
        ]
        graph.outputs = [
            .init(name: "last_hidden_state", value: stream), .init(name: "logits", value: "classes"),
        ]
        graph.use = use
        change(&graph)
        return try graph.checked()
    }

    private func problem(_ graph: CheckedGraph) -> String {
        do throws(ExitProblem) {
            _ = try graph.exitPlaces()
            return ""
        } catch { return error.text }
    }

    @Test("inputs may leave behind each layer but the last")
    func places() throws {
        let graph = try classifier()
        let (head, places) = try graph.exitPlaces()
        #expect(places.map(\.after) == Array(graph.graph.hiddenStates[1...3]))
        #expect(places.map(\.layers) == [1, 2, 3])
        #expect(head.pooled == "pooled" && head.scores == "classes" && head.width == 24)
    }

    @Test("an exit repeats the head on an image, and only the scores are left of the outputs")
    func graph() throws {
        let graph = try classifier()
        let after = graph.graph.hiddenStates[2]
        let changed = try graph.addingExits([.init(after: after, margin: 1.5)])
        let exit = try #require(changed.graph.exits.first)
        #expect(exit.operation == .exit(margin: 1.5))
        #expect(exit.inputs == [after + "/exit/classes", after, "classes"])
        #expect(changed.graph.outputs.map(\.name) == ["logits"] && changed.graph.predictions == exit.name)
        #expect(changed.graph.hiddenStates.isEmpty)
        // The head's own matrix, and an image of 24 x 24 numbers and 24 more.
        #expect(changed.cost(tokens: 1).parameters == graph.cost(tokens: 1).parameters + 24 * 24 + 24)
    }

    @Test("an input that leaves costs what stands before its exit, and the exits on its way")
    func work() throws {
        let graph = try classifier()
        let states = graph.graph.hiddenStates
        let changed = try graph.addingExits([
            .init(after: states[1], margin: 1), .init(after: states[3], margin: 1),
        ])
        let tokens = 10
        let work = ExitWork(of: changed, tokens: tokens)
        // Of one layer alone, by its nodes; an exit is its image and its classes, of one row.
        let nodes = graph.multiplyAddsByNode(tokens: tokens)
        let layer = nodes.filter { $0.key.hasPrefix("layer_0/") }.values.reduce(0, +)
        let before = (nodes["decoder"] ?? 0) + (nodes["pooler"] ?? 0), exit = 24 * 24 + 24 * 5
        // The heads beside the classes are counted as the cost model does.
        #expect(work.byExit == [layer + exit + before, 3 * layer + 2 * exit + before])
        #expect(work.whole == 4 * layer + 2 * exit + 24 * 5 + before)
        let mean = work.mean(left: [1, 2], inputs: 4)
        #expect(mean == (Double(work.byExit[0]) + 2 * Double(work.byExit[1]) + Double(work.whole)) / 4)
    }

    @Test("where later layers read maps of earlier ones, or share weights with them, nothing leaves between")
    func crossings() throws {
        let graph = try classifier()
        let states = graph.graph.hiddenStates
        var plan = ReusePlan(of: graph)
        plan.layers[2].heads[1].source = .reused(HeadID(node: attentionName(1), head: 0))
        let borrowing = try graph.applying(plan)
        #expect(try borrowing.exitPlaces().places.map(\.after) == [states[1], states[3]])
        let sharing = try classifier { graph in
            for index in graph.nodes.indices where graph.nodes[index].name == attentionName(3) {
                graph.nodes[index].ties = ["query_weight": .init(parameter: "layer_0/attention/query_weight")]
            }
        }
        #expect(problem(sharing).contains("no layer can be left"))
    }

    @Test(
        "models without classes have no exits, and say why",
        arguments: [
            (ModelUse.encoder, "scores no classes"), (.languageModel, "continues texts"),
            (.maskedLanguageModel, "scores no classes"),
        ])
    func refusals(_ use: ModelUse, _ reason: String) throws {
        #expect(problem(try classifier(use: use)).contains(reason))
    }

    @Test("a model of one layer has none")
    func shallow() throws { #expect(problem(try classifier(layers: 1)).contains("there is one layer")) }

    @Test("exits that make no sense are refused by their value and the rule, all at once")
    func nonsense() throws {
        let graph = try classifier()
        let states = graph.graph.hiddenStates
        func problems(_ exits: [ReusePlan.Exit]) -> String {
            var plan = ReusePlan(of: graph)
            plan.exits = exits
            do throws(GraphError) { _ = try graph.applying(plan) } catch {
                #expect(error.kind == .usage)
                return error.description
            }
            return ""
        }
        #expect(problems([.init(after: states[4], margin: 1)]).contains("it can behind \(states[1]), "))
        #expect(problems([.init(after: states[1], margin: -1)]).contains("must not be negative"))
        #expect(problems([.init(after: states[1], margin: .nan)]).contains("must not be negative"))
        let twice = problems([.init(after: states[1], margin: 1), .init(after: states[1], margin: 1)])
        #expect(twice.contains("first to last"))
        #expect(
            problems([.init(after: states[2], margin: 1), .init(after: states[1], margin: 1)]).contains("first to"))
        #expect(problems([.init(after: states[2], margin: 1)]).isEmpty)
    }

    @Test("the plan of a model with exits suits that model, and another one does not")
    func repeated() throws {
        let graph = try classifier()
        let states = graph.graph.hiddenStates
        var plan = ReusePlan(of: graph)
        plan.exits = [.init(after: states[1], margin: 1)]
        let changed = try graph.applying(plan)
        #expect(try changed.applying(plan) == changed)
        plan.exits[0].margin = 2
        #expect(throws: GraphError.self) { _ = try changed.applying(plan) }
    }

    @Test("more exits inside one another than a plan can make are refused")
    func depth() throws {
        #expect {
            _ = try classifier { graph in
                var late = "classes"
                for number in 0..<40 {
                    let name = "exit_\(number)"
                    graph.nodes.append(
                        Node(name: name, operation: .exit(margin: 1), inputs: ["classes", "pooled", late]))
                    late = name
                }
            }
        } throws: { "\($0)".contains("more than 32") }
    }

    @Test("what looks at the place of a sequence in its batch is not left behind an exit")
    func batches() throws {
        let graph = try classifier { graph in
            graph.nodes += [
                Node(
                    name: "own", operation: .table(Table(count: 2, width: 5, isAlongInput: false, sequences: 2)),
                    inputs: []),
                Node(name: "more", operation: .add, inputs: ["classes", "own"]),
            ]
            graph.outputs[1].value = "more"
        }
        #expect(!problem(graph).isEmpty)
    }

    @Test("an exit between values that are no scores is refused")
    func shapes() throws {
        #expect(throws: GraphError.self) {
            _ = try classifier { graph in
                let stream = graph.hiddenStates[1]
                graph.nodes.append(
                    Node(name: "wrong", operation: .exit(margin: 1), inputs: [stream, stream, stream]))
            }
        }
    }
}
