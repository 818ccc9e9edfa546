import JSON
import KerasFiles
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport

@Suite("Custom Keras layers described by documents")
struct CustomLayerTests {
    private static let gatedBlock = """
        {
          "name": "gated", "title": "A product of two layers, with a row of its own added", "classes": ["GatedBlock"],
          "settings": [{ "name": "width", "extent": { "part": "gate", "axis": 1 }, "keys": ["width"] }],
          "variables": ["shift"],
          "parts": [
            { "name": "gate", "class": "Dense", "config": { "use_bias": false }, "dimensions": { "units": "width" } },
            { "name": "up", "class": "Dense", "alternatives": ["lift"], "config": { "use_bias": false },
              "dimensions": { "units": "width" } }
          ],
          "inputs": ["x"],
          "calls": [
            { "value": "gated", "part": "gate", "arguments": ["x"] },
            { "value": "lifted", "part": "up", "arguments": ["x"] },
            { "value": "product", "operation": "Multiply", "arguments": ["gated", "lifted"], "isList": true },
            { "value": "rows", "part": "shift", "arguments": ["x"] },
            { "value": "sum", "operation": "add", "arguments": ["product", "rows"] }
          ],
          "output": "sum"
        }
        """

    private func sketch() throws -> JSONValue {
        var sketch = Sketch()
        sketch.input("x", [nil, 1])
        try sketch.layer("block", "GatedBlock", #"{"something": "else"}"#, ["x"])
        return sketch.model(outputs: ["block"])
    }

    @Test("a document says what a custom layer owns and computes")
    func document() throws {
        let layer = try CustomLayer(Array(Self.gatedBlock.utf8), path: "gated.json")
        let weights = [
            stored("layers/gated_block/vars/0", [4, 1], [100, 200, 300, 400]),
            stored("layers/gated_block/gate/vars/0", [1, 1], [2]),
            stored("layers/gated_block/_lift/vars/0", [1, 1], [5]),
        ]
        let made = try model(sketch(), weights, custom: [layer])
        let y = try run(made, ["x": Tensor([1, 2, 3], shape: [1, 3, 1])])["output"]
        #expect(y?.floats == [110, 240, 390])
    }

    /// The command's `--architecture` takes such documents, one or several.
    @Test("a file describes one custom layer or several", arguments: [false, true])
    func files(_ isList: Bool) throws {
        let scratch = Scratch()
        let document = isList ? #"{"layers": [\#(Self.gatedBlock)]}"# : Self.gatedBlock
        try scratch.file("layers.json", contents: document)
        #expect(try CustomLayer.layers(named: scratch("layers.json"))?.map(\.name) == ["gated"])
        #expect(try CustomLayer.layers(named: "bert") == nil)
    }

    @Test("a custom layer without a document is refused by name")
    func missingDocument() throws {
        let error = try #require(throws: FileError.self) { try model(sketch()) }
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains("GatedBlock"))
    }

    @Test("documents of built-in layers are sound, and only those of libraries go by names")
    func builtInDocuments() throws {
        let layers = try CustomLayer.builtIn(), patterns = try CustomLayer.patterns()
        #expect((layers + patterns).flatMap(\.problems) == [])
        #expect(Set(layers.flatMap(\.classes)).isSuperset(of: ["TransformerEncoderBlock", "ReuseTransformer"]))
        #expect(patterns.flatMap(\.classes) == [])
        #expect(Set(patterns.map(\.name)).count == patterns.count)
    }

    /// A stack of layers whose number and kind the configuration tells, with a result for each of them.
    private static let stack = """
        {
          "name": "stack", "title": "Some products, one after the other", "classes": ["Stack"],
          "settings": [
            { "name": "count", "keys": ["count"], "default": 2 },
            { "name": "width", "extent": { "part": "step_0", "axis": 1 } },
            { "name": "is_added", "keys": ["residual"], "default": false },
            { "name": "axis", "keys": ["axis"], "default": 1, "only": [1] }
          ],
          "parts": [{
            "repeat": "count", "index": "i",
            "steps": [{
              "name": "step_{i}", "class": "Dense", "config": { "use_bias": false },
              "dimensions": { "units": "width" },
              "options": { "activation": { "key": "act", "values": { "?": "relu" } } }
            }]
          }],
          "inputs": [["x"], ["x", "scale"]],
          "calls": [
            { "value": "stream", "operation": "multiply", "arguments": ["x", "scale"], "when": "given_scale" },
            { "value": "stream", "operation": "identity", "arguments": ["x"], "when": "not given_scale" },
            {
              "repeat": "count", "index": "i",
              "steps": [
                { "value": "product", "part": "step_{i}", "arguments": ["stream"] },
                { "value": "product", "operation": "add", "arguments": ["stream", "product"], "when": "is_added" },
                { "value": "stream", "operation": "identity", "arguments": ["product"] },
                { "value": "stream_{i}", "operation": "identity", "arguments": ["stream"] }
              ]
            }
          ],
          "output": ["stream", { "repeat": "count", "index": "i", "steps": ["stream_{i}"] }]
        }
        """

    /// - Parameter result: Which of the layer's results is the model's.
    private func stack(_ config: String, _ inputs: [String] = ["x"], result: Int = 0) throws -> Tensor {
        var sketch = Sketch()
        sketch.input("x", [nil, 1])
        sketch.input("scale", [nil, 1])
        try sketch.layer("stack", "Package>Stack", config, inputs)
        try sketch.layer("used", "Activation", #"{"activation": "linear"}"#, ["stack"], result: result)
        let layer = try CustomLayer(Array(Self.stack.utf8), path: "stack.json")
        let weights = [2, -3, 5].enumerated().map { number, factor in
            stored("layers/stack/step_\(number)/vars/0", [1, 1], [Float(factor)])
        }
        let count = try json(config)["count"]?.intValue ?? 2
        let made = try model(sketch.model(outputs: ["used"]), Array(weights.prefix(count)), custom: [layer])
        let inputs = ["x": Tensor([1, 10], shape: [1, 2, 1]), "scale": Tensor([0, 0], shape: [1, 2, 1])]
        return try #require(try run(made, inputs)["output"])
    }

    @Test(
        "parts, calls and results of a custom layer follow its configuration",
        arguments: [
            ("{}", 0, [-6, -60]), (#"{"count": 3}"#, 0, [-30, -300]), (#"{"count": 3}"#, 1, [2, 20]),
            (#"{"count": 3}"#, 3, [-30, -300]), (#"{"count": 1, "residual": true}"#, 0, [3, 30]),
            (#"{"act": "?"}"#, 0, [0, 0]), (#"{"act": "linear"}"#, 0, [-6, -60]),
        ] as [(String, Int, [Float])])
    func configuration(_ config: String, _ result: Int, _ values: [Float]) throws {
        #expect(try stack(config, result: result).floats == values)
    }

    @Test("calls of a custom layer depend on which inputs are handed in")
    func optionalInputs() throws {
        #expect(try stack("{}", ["x", "scale"]).floats == [0, 0])
    }

    @Test(
        "a configuration that a document does not cover is refused by key and value",
        arguments: [
            (#"{"axis": 2}"#, FileError.Kind.unsupported, "\"axis\" is 2"),
            (#"{"count": 9999999}"#, .corrupt, "outside 0…4096"), (#"{"count": "many"}"#, .corrupt, "is \"many\""),
            (#"{"count": [2]}"#, .corrupt, "\"count\" is"), (#"{"count": 0}"#, .corrupt, "\"width\" is missing"),
        ])
    func otherConfigurations(_ config: String, _ kind: FileError.Kind, _ message: String) throws {
        let error = try #require(throws: FileError.self) { try stack(config) }
        #expect(error.kind == kind)
        #expect(error.problems.contains { $0.contains(message) }, "\(error.problems)")
    }

    @Test("a custom layer that is made of itself is refused")
    func recursion() throws {
        let changed = Self.stack.replacing(#""class": "Dense""#, with: #""class": "Stack""#)
        let layer = try CustomLayer(Array(changed.utf8), path: "stack.json")
        var sketch = Sketch()
        sketch.input("x", [nil, 1])
        try sketch.layer("stack", "Stack", "{}", ["x"])
        let error = try #require(throws: FileError.self) {
            try model(sketch.model(outputs: ["stack"]), custom: [layer])
        }
        #expect(error.kind == .usage && error.problems.first?.contains("made of itself") == true)
    }

    @Test("the extent of a variable cannot decide which variables a custom layer has")
    func circularExtents() throws {
        let changed = Self.stack.replacing(
            #"{ "name": "count", "keys": ["count"], "default": 2 }"#,
            with: #"{ "name": "count", "extent": { "part": "step_0", "axis": 0 } }"#)
        let error = try #require(throws: FileError.self) {
            try CustomLayer(Array(changed.utf8), path: "stack.json")
        }
        #expect(error.problems.contains { $0.contains("decides which variables there are") }, "\(error.problems)")
    }

    @Test(
        "a document that contradicts itself is refused with the name at fault",
        arguments: [
            (
                #""part": "gate", "arguments": ["x"]"#, #""part": "fence", "arguments": ["x"]"#,
                "there is no part \"fence\""
            ),
            (#""output": "sum""#, #""output": "total""#, "the output \"total\" is not computed"),
            (#"["gated", "lifted"]"#, #"["gated", "risen"]"#, "\"risen\" is not computed before"),
            (#""units": "width" } },"#, #""units": "breadth" } },"#, "\"breadth\" is not a setting"),
        ])
    func brokenDocuments(_ text: String, _ change: String, _ message: String) throws {
        let changed = Self.gatedBlock.replacing(text, with: change)
        let error = try #require(throws: FileError.self) {
            try CustomLayer(Array(changed.utf8), path: "gated.json")
        }
        #expect(error.kind == .usage)
        #expect(error.problems.contains { $0.contains(message) }, "\(error.problems)")
    }
}
