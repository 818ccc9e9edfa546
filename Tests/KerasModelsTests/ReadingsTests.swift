import ArchitectureSpecs
import JSON
import KerasFiles
import KerasModels
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("Classes whose code no file holds")
struct ReadingsTests {
    /// Rows `[3, 2]` through a layer of a class of somebody's own.
    private func sketch(_ className: String, _ config: String = "{}", width: Int = 2) throws -> JSONValue {
        var sketch = Sketch()
        sketch.input("x", [3, width])
        try sketch.layer("own", className, config, ["x"], module: "__main__")
        return sketch.model(outputs: ["own"])
    }

    private func readings(
        _ config: JSONValue, _ weights: [StoredTensor] = [], owners: [CustomLayer] = [],
        _ assumptions: [String: String] = [:]
    ) throws -> KerasReadings {
        try KerasReadings(
            config, generation: .keras3, weights: .objects(ObjectWeights(weights, names: [:])), owners: owners,
            assumptions: assumptions, path: "test")
    }

    /// What a model gives for the rows 1 … 6, once everything is said about its class.
    private func output(
        _ config: JSONValue, _ weights: [StoredTensor] = [], _ assumptions: [String: String], width: Int = 2
    ) throws -> [Float]? {
        let graph = try readings(config, weights, assumptions).graph()
        let binding = TensorBinder(graph.parameterSources, catalog: TensorCatalog(weights)).bind(graph.graph)
        var tensors: [ParameterID: Tensor] = [:]
        for parameter in binding.parameters { tensors[parameter.id] = try parameter.read() }
        let model = Model(
            graph: try graph.graph.checked(), tensors: tensors,
            provenance: .init(files: [], dialect: "keras3", architecture: "keras-functional"))
        try model.validate()
        let rows = Tensor((1...(3 * width)).map { Float($0) }, shape: [1, 3, width])
        return try run(model, ["x": rows])["output"]?.floats
    }

    private static let vector = stored("layers/own_scale/vars/0", [2], [10, 100])

    @Test("a class is refused with everything that it can be, and with what settles it")
    func refusal() throws {
        let open = try readings(sketch("OwnScale"), [Self.vector])
        #expect(open.isOpen)
        let error = try #require(throws: FileError.self) { try open.graph() }
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains("own (OwnScale)"))
        #expect(error.problems[0].contains("column_vector (use = factors | summands)"))
        #expect(error.remedy.contains("--reference") && error.remedy.contains("--assume"))
        let names = open.openClasses.flatMap(\.documents).map(\.name)
        #expect(names.contains("class_row") && !names.contains("block"))
    }

    @Test(
        "what is said of a class decides what it computes",
        arguments: [
            (["OwnScale": "column_vector", "OwnScale.use": "factors"], [10, 200, 30, 400, 50, 600]),
            (["OwnScale": "column_vector", "OwnScale.use": "summands"], [11, 102, 13, 104, 15, 106]),
            (["OwnScale": "class_row", "OwnScale.place": "front"], [10, 100, 1, 2, 3, 4, 5, 6]),
            (["OwnScale.place": "behind"], [1, 2, 3, 4, 5, 6, 10, 100]),
        ] as [([String: String], [Float])])
    func assumptions(_ said: [String: String], _ values: [Float]) throws {
        #expect(try output(sketch("OwnScale"), [Self.vector], said) == values)
    }

    @Test(
        "an assumption about nothing is an error that says what is open",
        arguments: [["Other": "block"], ["OwnScale": "block"], ["OwnScale.use": "quotients"], ["OwnScale.size": "2"]])
    func idleAssumptions(_ said: [String: String]) throws {
        let error = try #require(throws: FileError.self) { try readings(sketch("OwnScale"), [Self.vector], said) }
        #expect(error.kind == .usage)
        #expect(error.remedy.contains("OwnScale"))
    }

    @Test("fixed rows of positions are filled by their formulas")
    func sines() throws {
        func rows(_ formula: String) throws -> [Float] {
            try #require(
                try output(
                    sketch("Positions", width: 4), [],
                    [
                        "Positions": "sine_positions", "Positions.formula": formula, "Positions.result": "alone",
                        "Positions.scaled": "false",
                    ], width: 4))
        }
        func near(_ left: ArraySlice<Float>, _ right: [Float]) -> Bool {
            left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < 1e-6 }
        }
        // By hand: row 1 of four columns, wave lengths of 1 and 100; where every column counts 1, 100, 10⁴, 10⁶.
        #expect(try near(rows("interleaved")[4..<8], [0.8414710, 0.5403023, 0.0099998, 0.9999500]))
        #expect(try near(rows("halves")[4..<8], [0.8414710, 0.0099998, 0.5403023, 0.9999500]))
        #expect(try near(rows("cosines_first")[4..<8], [0.5403023, 0.9999500, 0.8414710, 0.0099998]))
        #expect(try near(rows("uneven")[4..<8], [0.8414710, 0.9999500, 0.0001, 1]))
        #expect(try near(rows("halves_less_one")[4..<8], [0.8414710, 0.0001, 0.5403023, 1]))
    }

    @Test("a document that no layer asks for is an error")
    func unaskedDocument() throws {
        let text = """
            {"name": "other", "title": "t", "classes": ["Absent"], "settings": [], "parts": [], "inputs": ["x"],
             "calls": [{"value": "y", "operation": "identity", "arguments": ["x"]}], "output": "y"}
            """
        let document = try CustomLayer(Array(text.utf8), path: "layer.json")
        let error = try #require(throws: FileError.self) {
            try readings(sketch("OwnScale"), [Self.vector], owners: [document])
        }
        #expect(error.kind == .usage && error.problems[0].contains("Absent"))
    }

    @Test("a document's choices are open until they are settled, and its constants are what it computes with")
    func ownersChoices() throws {
        let text = """
            {"name": "shifted", "title": "t", "classes": ["Shifted"],
             "choices": [{"name": "sign", "title": "of the rows", "values": ["plus", "minus"]}],
             "settings": [], "parts": [], "inputs": ["x"],
             "calls": [
               {"value": "rows", "operation": "constant_rows", "arguments": ["x"],
                "constants": {"values": [[1, 2], [3, 4], [5, 6]]}},
               {"value": "y", "operation": "add", "arguments": ["x", "rows"], "when": "sign == plus"},
               {"value": "y", "operation": "subtract", "arguments": ["x", "rows"], "when": "sign == minus"}],
             "output": "y"}
            """
        let document = try CustomLayer(Array(text.utf8), path: "layer.json")
        #expect(try readings(sketch("Shifted"), owners: [document]).isOpen)
        let settled = try readings(sketch("Shifted"), owners: [document], ["Shifted.sign": "minus"])
        #expect(!settled.isOpen)
        #expect(settled.assumptions(of: settled.settled).map(\.value) == ["shifted", "minus"])
    }

    /// Classes of the framework and of libraries are never guessed at.
    @Test(
        "a class of a library is not known, whatever is stored for it", arguments: ["keras.layers", "keras_hub.layers"])
    func libraries(_ module: String) throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("own", "OwnScale", "{}", ["x"], module: module)
        let error = try #require(throws: FileError.self) {
            try readings(sketch.model(outputs: ["own"]), [Self.vector]).graph()
        }
        #expect(error.problems[0].contains("the layer OwnScale is not known"))
    }
}
