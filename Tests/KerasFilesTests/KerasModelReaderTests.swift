import JSON
import KerasFiles
import Platform
import Testing

@Suite("Reading Keras configurations")
struct KerasModelReaderTests {
    private func read(_ text: String, _ generation: KerasGeneration = .keras2) throws -> KerasModel {
        try KerasModelReader.model(
            Document.decode(JSONValue.self, from: Array(text.utf8)), generation: generation)
    }

    @Test("a call in a Keras 2 configuration is a list of tensors with keywords")
    func keras2Calls() throws {
        let model = try read(
            """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
              {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 4]}},
              {"class_name": "TFOpLambda", "name": "plus", "config": {"function": "__operators__.add"},
               "inbound_nodes": [["x", 0, 0, {"y": ["x", 0, 0], "name": null}]]},
              {"class_name": "Add", "name": "sum", "config": {},
               "inbound_nodes": [[["x", 0, 0, {}], ["plus", 0, 0, {}]]]}],
             "input_layers": [["x", 0, 0]], "output_layers": [["sum", 0, 0]]}}
            """)
        #expect(model.layers.map(\.name) == ["x", "plus", "sum"])
        #expect(model.layers[1].calls[0].keywords["y"]?.references.map(\.layer) == ["x"])
        #expect(model.layers[2].calls[0].arguments[0].references.map(\.layer) == ["x", "plus"])
    }

    @Test("a sequential model is a chain, with an input layer of its first layer's shape where it has none")
    func sequentialModels() throws {
        let model = try read(
            """
            {"class_name": "Sequential", "config": {"name": "m", "layers": [
              {"class_name": "Dense", "config": {"name": "a", "batch_input_shape": [null, 4], "units": 2}},
              {"class_name": "Dense", "config": {"name": "b", "units": 2}}]}}
            """)
        #expect(model.layers.map(\.name) == ["a_input", "a", "b"])
        #expect(model.outputs[0].source.layer == "b")
        #expect(model.layers[2].calls[0].references.map(\.layer) == ["a"])
    }

    /// Keras 2 counts the call that built a nested model; the reference says so.
    @Test("calls of a nested model are counted from where references to it start", arguments: [0, 1])
    func nestedModels(_ first: Int) throws {
        let inner = """
            {"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [
              {"class_name": "InputLayer", "name": "h", "config": {"batch_input_shape": [null, 4]}},
              {"class_name": "Dropout", "name": "d", "config": {}, "inbound_nodes": [[["h", 0, 0, {}]]]}],
             "input_layers": [["h", 0, 0]], "output_layers": [["d", 0, 0]]}, "inbound_nodes": [[["x", 0, 0, {}]]]}
            """
        let model = try read(
            """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
              {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 4]}},
              \(inner)],
             "input_layers": [["x", 0, 0]], "output_layers": [["inner", \(first), 0]]}}
            """)
        #expect(model.layers[1].inner?.layers.count == 2)
        #expect(model.layers[1].firstCall == first)
    }

    @Test("of two branches the longer one runs first, whatever the order in the configuration")
    func executionOrder() throws {
        let model = try read(
            """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
              {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 4]}},
              {"class_name": "Dropout", "name": "near", "config": {}, "inbound_nodes": [[["x", 0, 0, {}]]]},
              {"class_name": "Dropout", "name": "far", "config": {}, "inbound_nodes": [[["x", 0, 0, {}]]]},
              {"class_name": "Dropout", "name": "farther", "config": {}, "inbound_nodes": [[["far", 0, 0, {}]]]},
              {"class_name": "Add", "name": "sum", "config": {},
               "inbound_nodes": [[["near", 0, 0, {}], ["farther", 0, 0, {}]]]}],
             "input_layers": [["x", 0, 0]], "output_layers": [["sum", 0, 0]]}}
            """)
        let names = try KerasExecutionOrder(model).steps.map { model.layers[$0.layer].name }
        #expect(names == ["far", "near", "farther", "sum"])
    }

    private static let input = #"{"class_name": "InputLayer", "name": "x", "config": {}}"#

    static let broken = [
        ("no class", "{}"),
        ("no configuration", #"{"class_name": "Functional"}"#),
        ("no layers", #"{"class_name": "Functional", "config": {}}"#),
        ("no outputs", #"{"class_name": "Functional", "config": {"layers": [], "input_layers": []}}"#),
        (
            "a layer without a class",
            #"{"class_name": "Functional", "config": {"layers": [{}], "input_layers": [], "output_layers": []}}"#
        ),
        (
            "an output that is not there",
            #"{"class_name": "Functional", "config": {"layers": [\#(input)], "input_layers": [["x", 0, 0]], "#
                + #""output_layers": [["y", 0, 0]]}}"#
        ),
        (
            "two layers of one name",
            #"{"class_name": "Functional", "config": {"layers": [\#(input), \#(input)], "#
                + #""input_layers": [["x", 0, 0]], "output_layers": [["x", 0, 0]]}}"#
        ),
        ("an empty chain", #"{"class_name": "Sequential", "config": {"layers": []}}"#),
    ]

    @Test("a configuration that contradicts itself is corrupt", arguments: broken)
    func brokenConfigurations(_ name: String, _ text: String) throws {
        let problem = try #require(throws: Problem.self) { try read(text) }
        #expect(problem.kind == .corrupt, "\(name): \(problem.message)")
    }

    @Test("a model whose configuration lists no layers is unsupported")
    func modelsInCode() throws {
        let problem = try #require(throws: Problem.self) {
            try read(#"{"class_name": "MyModel", "config": {"width": 24}}"#)
        }
        #expect(problem.kind == .unsupported)
    }

    @Test("calls of a model that wait for each other are corrupt")
    func circularCalls() throws {
        let model = try read(
            """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
              {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 4]}},
              {"class_name": "Dropout", "name": "a", "config": {}, "inbound_nodes": [[["b", 0, 0, {}]]]},
              {"class_name": "Dropout", "name": "b", "config": {}, "inbound_nodes": [[["a", 0, 0, {}]]]}],
             "input_layers": [["x", 0, 0]], "output_layers": [["b", 0, 0]]}}
            """)
        #expect(throws: Problem.self) { try KerasExecutionOrder(model) }
    }

    @Test("models inside models are refused beyond a bounded depth")
    func depth() throws {
        var text = #"{"class_name": "Dropout", "name": "d", "config": {}}"#
        for level in 0..<40 {
            text = #"{"class_name": "Sequential", "config": {"name": "m\#(level)", "layers": [\#(text)]}}"#
        }
        let problem = try #require(throws: Problem.self) { try read(text) }
        #expect(problem.message.contains("models inside models"))
    }
}
