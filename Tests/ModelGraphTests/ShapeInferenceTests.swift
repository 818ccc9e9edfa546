import ModelGraph
import Testing

@Suite("Shape inference")
struct ShapeInferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let graph: Graph
        let subject: String
        let message: String

        init(_ description: String, _ graph: Graph, names subject: String, _ message: String) {
            (testDescription, self.graph, self.subject, self.message) = (description, graph, subject, message)
        }
    }

    static let graph = Graph.encoder()
    static let attention = "layers/0/attention"

    static func attention(_ change: (inout Attention) -> Void) -> Graph {
        graph.changingAttention(attention, change)
    }

    static func embedding(_ change: (inout Embedding) -> Void) -> Graph {
        graph.changing("embeddings") { node in
            guard case .embedding(var embedding) = node.operation else { return }
            change(&embedding)
            node.operation = .embedding(embedding)
        }
    }

    static func changing(_ change: (inout Graph) -> Void) -> Graph {
        var copy = graph
        change(&copy)
        return copy
    }

    static let structure = [
        Case(
            "a name used twice", graph.changing("layers/0/up") { $0.name = "embeddings" }, names: "embeddings",
            "the name is used twice"),
        Case(
            "a node named like an input", graph.changing("pooled") { $0.name = "input_ids" }, names: "input_ids",
            "the name is used twice"),
        Case(
            "an input computed later", graph.changing("layers/0/up") { $0.inputs = ["layers/1/norm"] },
            names: "layers/0/up", "input \"layers/1/norm\" is not computed before this node"),
        Case(
            "an input that does not exist", graph.changing("pooler") { $0.inputs = ["nowhere"] }, names: "pooler",
            "input \"nowhere\" is not computed before this node"),
        Case(
            "a graph input where a value is needed", graph.changing("pooler") { $0.inputs = ["input_ids"] },
            names: "pooler", "input \"input_ids\" is not computed before this node"),
        Case(
            "a width that does not fit", graph.changing("layers/0/down") { $0.inputs = ["embeddings"] },
            names: "layers/0/down", "input has width 12, expected 20"),
        Case(
            "a norm of another width",
            graph.changing("embeddings/norm") { $0.operation = .norm(Norm(width: 13, epsilon: 0)) },
            names: "embeddings/norm", "input has width 12, expected 13"),
        Case(
            "too many inputs", graph.changing("pooler") { $0.inputs = ["first", "first"] }, names: "pooler",
            "has 2 inputs, linear takes 1"),
        Case(
            "no inputs", graph.changing("layers/0/gelu") { $0.inputs = [] }, names: "layers/0/gelu",
            "has 0 inputs, activation takes 1"),
        Case(
            "a sum of one value", graph.changing("layers/0/sum") { $0.inputs = ["layers/0/down"] },
            names: "layers/0/sum", "needs two or more inputs of one shape"),
        Case(
            "a sum of two widths", graph.changing("layers/0/sum") { $0.inputs = ["layers/0/down", "layers/0/up"] },
            names: "layers/0/sum", "has [[batch, tokens, 12], [batch, tokens, 20]]"),
        Case(
            "a gate of three values",
            graph.changing("layers/0/sum") { node in
                node.operation = .gate(.silu)
                node.inputs = ["layers/0/down", "layers/0/down", "layers/0/down"]
            }, names: "layers/0/sum", "gate takes two inputs"),
        Case(
            "pooling twice", graph.changing("pooled") { $0.operation = .pooling(.mean) }, names: "pooled",
            "pools one value with one row a token"),
        Case(
            "attention over pooled rows",
            graph.changing("pooled") { $0.operation = .attention(.plain(width: 12, heads: 3)) }, names: "pooled",
            "attends over values with one row a token"),
        Case(
            "cross-attention without a memory", attention { $0.memoryWidth = 12 }, names: attention,
            "has 1 inputs, attention takes 2"),
        Case(
            "a memory of another width",
            attention { $0.memoryWidth = 8 }.changing(attention) { $0.inputs = ["embeddings", "embeddings/norm"] },
            names: attention, "memory has width 12, expected 8"),
        Case(
            "an embedding of something computed",
            graph.changing("embeddings") { $0.inputs = ["pooled"] }, names: "embeddings",
            "\"pooled\" is not an input of the graph"),
        Case(
            "an embedding without ids", graph.changing("embeddings") { $0.inputs = [] }, names: "embeddings",
            "takes token ids, and type ids where it has types"),
        Case(
            "an output of nothing", changing { $0.outputs[1].value = "nowhere" }, names: "pooler_output",
            "output of an unknown value \"nowhere\""),
        Case(
            "two outputs of one name", changing { $0.outputs[1].name = "last_hidden_state" },
            names: "last_hidden_state", "two outputs have this name"),
        Case(
            "an axis left out that is not 1", changing { $0.outputs[0].isSqueezed = true },
            names: "last_hidden_state", "only an axis of width 1 can be left out"),
        Case(
            "a hidden state with one row a sequence", changing { $0.hiddenStates.append("pooled") }, names: "pooled",
            "a hidden state must be a value with one row a token"),
    ]

    // Numbers as a hostile document might give them: none may be computed with before it is checked.
    static let numbers = [
        Case(
            "a negative head size", attention { $0.headSize = -4 }, names: attention,
            "head size is -4, must be 1…67108864"),
        Case("no head size", attention { $0.headSize = 0 }, names: attention, "head size is 0"),
        Case(
            "heads wider than anything", attention { $0.headSize = 1 << 26 }, names: attention,
            "3 heads of size 67108864 are wider than 67108864"),
        Case(
            "a head size that overflows", attention { $0.headSize = .max }, names: attention,
            "head size is 9223372036854775807"),
        Case(
            "a value size that overflows", attention { $0.valueSize = .max / 2 }, names: attention, "value size is"),
        Case("no heads", attention { $0.heads = [] }, names: attention, "number of heads is 0"),
        Case(
            "more heads than any model has", attention { $0.heads = [HeadSource](repeating: .computed, count: 4097) },
            names: attention, "number of heads is 4097, must be 1…4096"),
        Case("no groups", attention { $0.groupCount = 0 }, names: attention, "3 heads cannot be divided into 0 groups"),
        Case(
            "groups that do not divide the heads", attention { $0.groupCount = 2 }, names: attention,
            "3 heads cannot be divided into 2 groups"),
        Case(
            "more groups than heads", attention { $0.groupCount = .max }, names: attention,
            "3 heads cannot be divided"),
        Case("a negative output width", attention { $0.outputWidth = -1 }, names: attention, "output width is -1"),
        Case("a memory of no width", attention { $0.memoryWidth = 0 }, names: attention, "memory width is 0"),
        Case(
            "an odd number of turning columns", attention { $0.positions = .rotary(.init(size: 3, base: 10)) },
            names: attention, "3 columns of a head of 4 cannot turn in pairs"),
        Case(
            "more turning columns than there are", attention { $0.positions = .rotary(.init(size: 6, base: 10)) },
            names: attention, "6 columns of a head of 4"),
        Case(
            "a rotary base of nothing", attention { $0.positions = .rotary(.init(size: 4, base: 0)) },
            names: attention, "the rotary base must be a number above 1"),
        Case(
            "more distances than any model has", attention { $0.positions = .clamped(length: .max) }, names: attention,
            "the number of distances is out of bounds"),
        Case(
            "distances that are too many for so many heads", attention { $0.positions = .clamped(length: 1 << 20) },
            names: attention, "3 heads with 2097151 distances each are out of bounds"),
        Case(
            "buckets that never end",
            attention {
                $0.positions = .bucketed(.init(count: 8, maximumDistance: .max, isBidirectional: true))
            }, names: attention, "the buckets of distances are out of bounds"),
        Case(
            "a cap of nothing", attention { $0.softCap = 0 }, names: attention,
            "the cap of scores must be a number above 0"),
        Case("an empty window", attention { $0.mask.window = 0 }, names: attention, "a window of 0 shows no key"),
        Case("a window without end", attention { $0.mask.window = .max }, names: attention, "window is"),
        Case("a negative window", attention { $0.mask.window = .min }, names: attention, "shows no key"),
        Case("an infinite scale", attention { $0.scale = .infinity }, names: attention, "scale is not a finite number"),
        Case("a negative vocabulary", embedding { $0.vocabulary = -1 }, names: "embeddings", "vocabulary is -1"),
        Case("a vocabulary that overflows", embedding { $0.vocabulary = .max }, names: "embeddings", "vocabulary is"),
        Case("a width of nothing", embedding { $0.width = 0 }, names: "embeddings", "width is 0"),
        Case("a negative padding id", embedding { $0.paddingID = -1 }, names: "embeddings", "padding id is -1"),
        Case("a padding id that overflows", embedding { $0.paddingID = .max }, names: "embeddings", "padding id is"),
        Case(
            "a negative number of types", embedding { $0.types = -2 }, names: "embeddings",
            "number of token types is -2"),
        Case(
            "no positions in the table", embedding { $0.positions?.count = 0 }, names: "embeddings",
            "number of positions is 0"),
        Case(
            "a first position before the table", embedding { $0.positions?.offset = -1 }, names: "embeddings",
            "the first of 16 positions is said to be number -1"),
        Case(
            "a first position behind the table", embedding { $0.positions?.offset = 16 }, names: "embeddings",
            "the first of 16 positions is said to be number 16"),
        Case(
            "padding skipped without a padding id", embedding { $0.positions?.numbering = .skippingPadding },
            names: "embeddings", "there is no padding id"),
        Case(
            "padding skipped without a row for it",
            embedding {
                $0.positions?.numbering = .skippingPadding
                $0.paddingID = 0
            }, names: "embeddings", "there is no row for padding"),
        Case(
            "a linear of no width",
            graph.changing("pooler") { $0.operation = .linear(Linear(inputWidth: 12, outputWidth: 0)) },
            names: "pooler", "output width is 0"),
        Case(
            "a linear that overflows",
            graph.changing("pooler") { $0.operation = .linear(Linear(inputWidth: .max, outputWidth: .max)) },
            names: "pooler", "input width is"),
        Case(
            "an epsilon below 0",
            graph.changing("embeddings/norm") { $0.operation = .norm(Norm(width: 12, epsilon: -1)) },
            names: "embeddings/norm", "epsilon not negative"),
    ]

    @Test("a graph that makes no sense is refused with the value at fault", arguments: structure + numbers)
    func refused(_ test: Case) throws {
        let found = problems { () throws(GraphError) in _ = try test.graph.inferShapes() }
        let complaint = try #require(found.first { $0.subject == test.subject }, "\(found)")
        #expect(complaint.kind == .structure)
        #expect(complaint.message.contains(test.message), "\(complaint.message)")
    }

    @Test("a graph with more parameters than any memory holds is refused before they are summed up")
    func tooManyParameters() throws {
        let width = 1 << 26
        let wide = Operation.linear(Linear(inputWidth: width, outputWidth: width))
        var nodes = [
            Node(
                name: "embeddings", operation: .embedding(Embedding(vocabulary: 1, width: width)), inputs: ["input_ids"]
            )
        ]
        for index in 0..<5000 {
            nodes.append(Node(name: "wide\(index)", operation: wide, inputs: [nodes[index].name]))
        }
        let graph = Graph(inputs: ["input_ids"], nodes: nodes, outputs: [], hiddenStates: [])
        let found = problems { () throws(GraphError) in _ = try graph.inferShapes() }
        #expect(found.first?.message.contains("numbers in its parameters") == true)
    }

    @Test("a graph of too many nodes is refused")
    func tooManyNodes() {
        let node = Node(name: "sum", operation: .add, inputs: [])
        let graph = Graph(
            inputs: [], nodes: [Node](repeating: node, count: 65537), outputs: [], hiddenStates: [])
        let found = problems { () throws(GraphError) in _ = try graph.inferShapes() }
        #expect(found.map(\.message) == ["has 65537 nodes, at most 65536 are possible"])
    }

    @Test("every value of an encoder has the shape of the textbook")
    func shapes() throws {
        let shapes = try Self.graph.inferShapes()
        #expect(shapes["embeddings"]?.description == "[batch, tokens, 12]")
        #expect(shapes["layers/1/attention"]?.description == "[batch, tokens, 12]")
        #expect(shapes["layers/1/up"]?.description == "[batch, tokens, 20]")
        #expect(shapes["first"]?.description == "[batch, 12]")
        #expect(shapes["pooled"]?.description == "[batch, 12]")
        #expect(shapes.count == Self.graph.nodes.count)
    }

    @Test(
        "a node whose name is no safe path is refused",
        arguments: ["", "a//b", "/a", "a/", "..", "a/../b", "a b", "ä", "a\u{0}"])
    func unsafeNames(_ name: String) {
        let graph = Self.graph.changing("pooled") { $0.name = name }
        let found = problems { () throws(GraphError) in
            var graph = graph
            graph.outputs = []
            _ = try graph.checked()
        }
        #expect(found.map(\.subject) == [name])
    }

    @Test("a tied parameter must exist on both sides and fit")
    func ties() throws {
        let decoder = Node(
            name: "decoder", operation: .linear(Linear(inputWidth: 12, outputWidth: 50, hasBias: false)),
            inputs: ["layers/1/norm"], ties: ["weight": .init(parameter: "embeddings/tokens", isTransposed: true)])
        func check(_ change: (inout Node) -> Void) -> [String] {
            var node = decoder
            change(&node)
            var graph = Self.graph
            graph.nodes.append(node)
            return problems { () throws(GraphError) in _ = try graph.checked() }.map(\.message)
        }
        #expect(check { _ in } == [])
        #expect(
            check { $0.ties["weight"]?.isTransposed = false } == [
                "weight is tied to embeddings/tokens of shape [50, 12], needs [12, 50]"
            ])
        #expect(
            check { $0.ties["weight"]?.parameter = "embeddings/words" } == [
                "weight is tied to unknown \"embeddings/words\""
            ])
        #expect(
            check { $0.ties["bias"] = .init(parameter: "embeddings/tokens") } == [
                "bias is tied, and the node has no such parameter"
            ])
        // A tied parameter has no tensor of its own to be tied to.
        #expect(
            check { $0.ties["weight"]?.parameter = "decoder/weight" } == [
                "weight is tied to unknown \"decoder/weight\""
            ])
    }
}
