import JSON
import ModelGraph
import TestSupport
import Testing

@Suite("Documents")
struct DocumentTests {
    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try Document.encode(value), as: UTF8.self)
    }

    private func graphWithEverything() -> Graph {
        var graph = Graph.encoder()
            .with(
                [
                    .computed, .dropped,
                    .borrowed([
                        MapTerm(weight: 0.1, map: .head(head(0, 0))), MapTerm(weight: -3e-7, map: .pattern(.next)),
                    ]),
                ], inLayer: 1
            )
            .changingAttention("layers/0/attention") { $0.biases.key = false }
        graph.nodes += [
            Node(
                name: "rms",
                operation: .norm(Norm(kind: .rms, width: 12, epsilon: 1e-6, hasOffset: false, scaleOffset: 1)),
                inputs: ["layers/1/norm"]),
            Node(name: "gated", operation: .gate(.quickGelu), inputs: ["rms", "rms"]),
            Node(
                name: "score", operation: .linear(Linear(inputWidth: 12, outputWidth: 1, hasBias: false)),
                inputs: ["gated"]),
        ]
        graph.nodes[0].ties = ["types": .init(parameter: "rms/scale", isTransposed: true)]
        graph.outputs.append(.init(name: "logits", value: "score", isSqueezed: true))
        graph.use = .maskedLanguageModel
        return graph
    }

    @Test("a graph with every operation and source comes back as it was, from the same bytes")
    func graph() throws {
        let graph = graphWithEverything()
        let bytes = try Document.encode(graph)
        #expect(try Document.decode(Graph.self, from: bytes) == graph)
        #expect(try Document.encode(try Document.decode(Graph.self, from: bytes)) == bytes)
        #expect(bytes.last == UInt8(ascii: "\n"))
    }

    @Test("a plan comes back as it was")
    func plan() throws {
        var plan = ReusePlan(of: Graph.encoder().sound, budget: "maps:1/3")
        plan.layers[1].heads[2] = .init(source: .reused(head(0, 1)), similarity: 0.875, damage: 0.0625)
        plan.analysis = String(repeating: "ab", count: 32)
        #expect(try Document.decode(ReusePlan.self, from: try Document.encode(plan)) == plan)
    }

    @Test("a plan is written so that people can edit it")
    func planText() throws {
        let source = ReusePlan.Head(source: .reused(HeadID(node: "layers/0/attention", head: 1)), similarity: 0.5)
        let expected = """
            {
              "similarity" : 0.5,
              "source" : "borrowed",
              "terms" : [
                {
                  "head" : 1,
                  "node" : "layers/0/attention",
                  "weight" : 1
                }
              ]
            }

            """
        #expect(try text(source) == expected)
    }

    @Test("a term without a weight has weight 1")
    func defaultWeight() throws {
        let term = try Document.decode(MapTerm.self, from: Array(#"{"pattern": "mean"}"#.utf8))
        #expect(term == MapTerm(weight: 1, map: .pattern(.mean)))
    }

    @Test(
        "what is wrong in a document is said together with its path",
        arguments: [
            ("", "", "is not valid JSON"),
            ("{", "", "is not valid JSON"),
            (#"{"version": 1.5, "budget": "", "layers": []}"#, "version", "a whole number was expected, not 1.5"),
            (#"{"version": 1, "layers": []}"#, "", "\"budget\" is missing"),
            (#"{"version": "1", "budget": "1/3", "layers": []}"#, "version", "a whole number was expected"),
            (#"{"version": 1, "budget": null, "layers": []}"#, "budget", "is null"),
            (#"{"version": 1, "budget": "1/3", "layers": [{"node": "a"}]}"#, "layers[0]", "\"heads\" is missing"),
            (
                #"{"version": 1, "budget": "1/3", "layers": [{"node": "a", "heads": [{"source": "stolen"}]}]}"#,
                "layers[0].heads[0].source", "stolen"
            ),
            (
                #"{"version": 1, "budget": "", "layers": [{"node": "a", "heads": [{"source": "borrowed"}]}]}"#,
                "layers[0].heads[0]", "\"terms\" is missing"
            ),
            (
                #"{"version": 1, "budget": "", "layers": [{"node": "a", "heads": [{"source": "borrowed", "#
                    + #""terms": [{"node": "b", "head": 1e30}]}]}]}"#,
                "layers[0].heads[0].terms[0].head", "a whole number was expected, not 1e30"
            ),
        ] as [(String, String, String)])
    func errors(text: String, place: String, message: String) throws {
        let error = try #require(throws: Document.ReadError.self) {
            try Document.decode(ReusePlan.self, from: Array(text.utf8))
        }
        #expect(error.path == place)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.description.hasPrefix("line 1 column "))
        #expect(error.description.hasSuffix((place.isEmpty ? "" : ", \(place)") + ": \(error.message)"))
    }

    @Test("an unknown operation is refused with its path in the document")
    func unknownOperation() throws {
        let json = #"{"name": "n", "operation": {"kind": "recurrence"}, "inputs": []}"#
        let error = try #require(throws: Document.ReadError.self) {
            try Document.decode(Node.self, from: Array(json.utf8))
        }
        #expect(error.description == "line 1 column 37, operation.kind: unknown operation \"recurrence\"")
    }

    @Test("a document nested without end is refused and does not exhaust the stack")
    func nesting() {
        let json = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: Document.ReadError.self) { try Document.decode(JSONValue.self, from: json) }
    }

    @Test("numbers that JSON cannot hold are refused when a document is written", arguments: [Double.nan, .infinity])
    func notANumber(_ value: Double) {
        #expect(throws: (any Error).self) { try Document.encode(["value": value]) }
    }

    @Test("any JSON comes back as the value that it is")
    func anyValue() throws {
        let json = #"{"a": [1, 1.5, "x", true, null, 12.0, -9007199254740993], "b": {"c": 1e300}}"#
        let value = try Document.decode(JSONValue.self, from: Array(json.utf8))
        let list = try #require(value["a"]?.arrayValue)
        #expect(list.map(\.intValue) == [1, nil, nil, nil, nil, 12, -9_007_199_254_740_993])
        #expect(list[1].doubleValue == 1.5)
        #expect(list[2].stringValue == "x")
        #expect(list[3].boolValue == true)
        #expect(list[4].isNull)
        #expect(value["b"]?["c"]?.doubleValue == 1e300)
        #expect(value["b"]?["c"]?.intValue == nil)
        #expect(try Document.decode(JSONValue.self, from: try Document.encode(value)) == value)
    }
}
