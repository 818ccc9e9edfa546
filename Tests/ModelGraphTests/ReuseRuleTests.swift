import ModelGraph
import Testing

@Suite("Rules of reuse")
struct ReuseRuleTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let graph: Graph
        /// Node or head that the complaint must name.
        let subject: String
        let message: String

        init(_ description: String, _ graph: Graph, names id: HeadID, _ message: String) {
            self.init(description, graph, names: id.description, message)
        }

        init(_ description: String, _ graph: Graph, names subject: String, _ message: String) {
            (testDescription, self.graph, self.subject, self.message) = (description, graph, subject, message)
        }
    }

    static let graph = Graph.encoder(EncoderSizes(layers: 3))
    static let computed = [HeadSource](repeating: .computed, count: 3)

    static func borrowing(_ id: HeadID, weight: Float = 1, inLayer layer: Int = 2) -> Graph {
        graph.with([.computed, .computed, .borrowed([MapTerm(weight: weight, map: .head(id))])], inLayer: layer)
    }

    static let broken = [
        Case(
            "the head of a later layer", borrowing(head(2, 0), inLayer: 1), names: head(1, 2),
            "borrows from layers/2/attention#0, which is computed later"),
        Case(
            "a head that borrows itself",
            graph.with([.reused(head(0, 1)), .computed, .computed], inLayer: 1)
                .with([.reused(head(1, 0)), .computed, .computed], inLayer: 2), names: head(2, 0),
            "borrows from layers/1/attention#0, which computes no map itself"),
        Case(
            "a dropped head",
            graph.with([.computed, .computed, .dropped], inLayer: 0)
                .with([.reused(head(0, 2)), .computed, .computed], inLayer: 1), names: head(1, 0),
            "borrows from layers/0/attention#2, which computes no map itself"),
        Case(
            "itself", borrowing(head(2, 2)), names: head(2, 2),
            "borrows from layers/2/attention#2, which computes no map itself"),
        Case(
            "a head that does not exist", borrowing(head(0, 3)), names: head(2, 2),
            "borrows from layers/0/attention#3, but layers/0/attention has 3 heads"),
        Case(
            "a head of negative index", borrowing(head(0, -1)), names: head(2, 2),
            "borrows from layers/0/attention#-1, but layers/0/attention has 3 heads"),
        Case(
            "a node that is no attention", borrowing(HeadID(node: "layers/0/up", head: 0)), names: head(2, 2),
            "borrows from \"layers/0/up\", which is not an attention node"),
        Case(
            "a node that does not exist", borrowing(HeadID(node: "layers/9/attention", head: 0)), names: head(2, 2),
            "borrows from \"layers/9/attention\", which is not an attention node"),
        Case(
            "nothing", graph.with([.computed, .computed, .borrowed([])], inLayer: 1), names: head(1, 2),
            "borrows nothing; use \"dropped\" for that"),
        Case(
            "with a weight that is not a number", borrowing(head(0, 0), weight: .nan), names: head(2, 2),
            "has a weight that is not a finite number"),
        Case(
            "with a weight beyond all bounds", borrowing(head(0, 0), weight: .infinity), names: head(2, 2),
            "has a weight that is not a finite number"),
        Case(
            "a causal head from one that sees everything",
            borrowing(head(0, 0)).changingAttention("layers/2/attention") { $0.mask.isCausal = true },
            names: head(2, 2), "of another kind: self-attention instead of causal self-attention"),
        Case(
            "a head from one of another window",
            borrowing(head(0, 0)).changingAttention("layers/0/attention") { $0.mask.window = 4 },
            names: head(2, 2), "of another kind: self-attention of window 4 instead of self-attention"),
        Case(
            "an encoder head from cross-attention",
            borrowing(head(0, 0)).changing("layers/0/attention") { node in
                guard var attention = node.attention else { return }
                attention.memoryWidth = attention.inputWidth
                node.operation = .attention(attention)
                node.inputs = ["embeddings/norm", "embeddings"]
            }, names: head(2, 2), "of another kind: cross-attention over embeddings instead of self-attention"),
        Case(
            "nothing computed in the first layer",
            graph.with([HeadSource](repeating: .borrowed([MapTerm(map: .pattern(.mean))]), count: 3), inLayer: 0),
            names: "layers/0/attention", "the first attention of a stack must compute at least one map"),
    ]

    @Test("a head that breaks a rule of reuse is refused by node and head", arguments: broken)
    func rule(_ test: Case) throws {
        let found = problems { () throws(GraphError) in _ = try test.graph.checked() }
        let complaint = try #require(found.first, "the graph was accepted")
        #expect(found.count == 1)
        #expect(complaint.kind == .source)
        #expect(complaint.subject == test.subject)
        #expect(complaint.message.contains(test.message), "\(complaint.message)")
    }

    @Test("every allowed way of borrowing is accepted")
    func allowed() throws {
        let blend = HeadSource.borrowed([
            MapTerm(weight: 0.7, map: .head(head(0, 1))), MapTerm(weight: -0.2, map: .head(head(1, 0))),
            MapTerm(weight: 0.5, map: .pattern(.previous)),
        ])
        let reused = HeadSource.reused(head(0, 1))
        let whole = Self.graph
            .with([.computed, .computed, .reused(head(0, 0))], inLayer: 0)
            .with([.computed, .dropped, reused], inLayer: 1)
            .with([reused, reused, blend], inLayer: 2)
        _ = try whole.checked()
    }

    @Test("a causal head may borrow from a causal head of the same window")
    func sameKind() throws {
        var graph = Self.borrowing(head(0, 0))
        for layer in 0..<3 {
            graph = graph.changingAttention("layers/\(layer)/attention") {
                $0.mask = .init(isCausal: true, window: 8)
            }
        }
        _ = try graph.checked()
    }

    @Test("all broken rules are reported at once, in execution order")
    func allAtOnce() {
        let graph = Self.graph
            .with([.computed, .computed, .reused(head(2, 0))], inLayer: 1)
            .with([.borrowed([]), .reused(head(0, 7)), .computed], inLayer: 2)
        let found = problems { () throws(GraphError) in _ = try graph.checked() }
        #expect(found.map(\.subject) == [head(1, 2), head(2, 0), head(2, 1)].map(\.description))
    }

    @Test("a long list of problems is cut, and says how many follow")
    func longList() {
        let error = GraphError((0..<11).map { .init(kind: .plan, subject: "node \($0)", message: "is wrong") })
        #expect(error.description.split(separator: "\n").count == 9)
        #expect(error.description.hasSuffix("… and 3 more"))
    }
}
