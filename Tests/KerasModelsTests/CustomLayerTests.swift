import Checkpoints
import ModelGraph
import Tensors
import Testing

/// Layers that users wrote, by what a document says they are made of.
@Suite struct CustomLayerTests {
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

    @Test func aDocumentSaysWhatALayerComputes() throws {
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
    @Test(arguments: [false, true]) func filesHoldOneOrSeveralLayers(_ isList: Bool) throws {
        let file = try ScratchFile(isList ? #"{"layers": [\#(Self.gatedBlock)]}"# : Self.gatedBlock)
        #expect(try CustomLayer.layers(named: file.path)?.map(\.name) == ["gated"])
        #expect(try CustomLayer.layers(named: "bert") == nil)
    }

    @Test func withoutADocumentTheLayerIsNamed() throws {
        let error = try #require(throws: CheckpointError.self) { try model(sketch()) }
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains("GatedBlock"))
    }

    @Test func builtInLayersMakeSense() throws {
        let layers = try CustomLayer.builtIn()
        #expect(layers.flatMap(\.problems) == [])
        #expect(Set(layers.flatMap(\.classes)).isSuperset(of: ["TransformerBlock", "TokenAndPositionEmbedding"]))
    }

    @Test(arguments: [
        (#""part": "gate", "arguments": ["x"]"#, #""part": "fence", "arguments": ["x"]"#, "there is no part \"fence\""),
        (#""output": "sum""#, #""output": "total""#, "the output \"total\" is not computed"),
        (#"["gated", "lifted"]"#, #"["gated", "risen"]"#, "\"risen\" is not computed before"),
        (#""units": "width" } },"#, #""units": "breadth" } },"#, "\"breadth\" is not a setting"),
    ]) func documentsThatMakeNoSenseAreRefused(_ text: String, _ change: String, _ message: String) throws {
        let changed = Self.gatedBlock.replacing(text, with: change)
        let error = try #require(throws: CheckpointError.self) {
            try CustomLayer(Array(changed.utf8), path: "gated.json")
        }
        #expect(error.kind == .usage)
        #expect(error.problems.contains { $0.contains(message) }, "\(error.problems)")
    }
}
