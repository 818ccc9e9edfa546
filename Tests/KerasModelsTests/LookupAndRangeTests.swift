import JSON
import KerasFiles
import KerasModels
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing

@Suite("Vocabularies with several places for what is unknown, positions from a number on, cubic resizing")
struct LookupAndRangeTests {
    @Test("an unknown entry has the place of its remainder among those for unknown ones", arguments: [true, false])
    func remainders(_ isMasked: Bool) throws {
        var sketch = Sketch()
        sketch.input("x", [7], type: "int32")
        let mask = isMasked ? "0" : "null"
        let special = #""num_oov_indices": 3, "oov_token": -1, "mask_token": \#(mask)"#
        try sketch.layer(
            "y", "IntegerLookup", "{\"vocabulary\": [12, 36, 5], \(special), \"output_mode\": \"int\"}", ["x"])
        let numbers = [12, 36, 5, 7, -1, -8, isMasked ? 0 : 9]
        let found = try #require(
            try run(
                model(sketch.model(outputs: ["y"])), ["x": Tensor(numbers.map(Float.init), shape: [1, 7])])["output"])
        let start = isMasked ? 1 : 0
        let places = numbers.map { number -> Int in
            if isMasked, number == 0 { return 0 }
            if let known = [12, 36, 5].firstIndex(of: number) { return start + 3 + known }
            return start + ((number % 3) + 3) % 3
        }
        #expect(found.floats == places.map(Float.init))
    }

    @Test("positions plus a number look up rows from that one on, whatever the length")
    func shifted() throws {
        let config = #"""
            {"class_name": "Functional", "config": {"name": "m", "layers": [
              {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
               "config": {"name": "x", "batch_input_shape": [null, null], "dtype": "int32"}},
              {"class_name": "TFOpLambda", "name": "shape", "config": {"name": "shape", "function": "shape"},
               "inbound_nodes": [["x", 0, 0, {}]]},
              {"class_name": "SlicingOpLambda", "name": "item",
               "config": {"name": "item", "function": "__operators__.getitem"},
               "inbound_nodes": [["shape", 0, 0, {"slice_spec": 1}]]},
              {"class_name": "TFOpLambda", "name": "range", "config": {"name": "range", "function": "range"},
               "inbound_nodes": [["item", 0, 0, {}]]},
              {"class_name": "TFOpLambda", "name": "plus", "config": {"name": "plus", "function": "__operators__.add"},
               "inbound_nodes": [["range", 0, 0, {"y": 2}]]},
              {"class_name": "Embedding", "name": "rows", "config": {"name": "rows", "input_dim": 7, "output_dim": 2},
               "inbound_nodes": [["plus", 0, 0, {}]]},
              {"class_name": "Embedding", "name": "words", "config": {"name": "words", "input_dim": 3, "output_dim": 2},
               "inbound_nodes": [["x", 0, 0, {}]]},
              {"class_name": "Add", "name": "y", "config": {"name": "y"},
               "inbound_nodes": [[["words", 0, 0, {}], ["rows", 0, 0, {}]]]}],
             "input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]}}
            """#
        let table = (0..<14).map(Float.init)
        let read = try model(
            json(config),
            [
                stored("layers/embedding/vars/0", [7, 2], table),
                stored("layers/embedding_1/vars/0", [3, 2], [Float](repeating: 0, count: 6)),
            ], generation: .keras2)
        let found = try #require(try run(read, ["x": Tensor([1, 2, 1, 0], shape: [1, 4])])["output"])
        #expect(found.floats == Array(table[4..<12]))
    }

    @Test("Keras 2 resizes by TensorFlow's cubic kernel, Keras 3 leaves it to a backend that no file names")
    func cubic() throws {
        var sketch = Sketch()
        sketch.input("x", [1, 4, 1])
        try sketch.layer("y", "Resizing", #"{"height": 1, "width": 2, "interpolation": "bicubic"}"#, ["x"])
        let document = sketch.model(outputs: ["y"])
        let found = try #require(
            try run(
                model(document, generation: .keras2), ["x": Tensor([1, 2, 4, 8], shape: [1, 1, 4, 1])])["output"])
        // Halfway between two pixels: 9/16 of each, −1/16 of the next ones, of which one lies outside at either end.
        let near: Float = 0.5625, far: Float = -0.0625
        let first = (near * 1 + near * 2 + far * 4) / (2 * near + far)
        let last = (far * 2 + near * 4 + near * 8) / (2 * near + far)
        #expect(abs(found.floats[0] - first) < 1e-5 && abs(found.floats[1] - last) < 1e-5, "\(found.floats)")
        let error = try #require(throws: FileError.self) { try model(document) }
        #expect(error.kind == .unsupported && error.description.contains("backend"))
    }

    @Test("a stateful layer of Keras 2 is read as of a first batch, with a note")
    func stateful() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("y", "SimpleRNN", #"{"units": 1, "stateful": true, "activation": "linear"}"#, ["x"])
        let weights = [
            stored("layers/simple_rnn/cell/vars/0", [2, 1], [1, 1]),
            stored("layers/simple_rnn/cell/vars/1", [1, 1], [0.5]), stored("layers/simple_rnn/cell/vars/2", [1], [0]),
        ]
        let document = sketch.model(outputs: ["y"])
        let graph = try KerasGraph(
            document, generation: .keras2, weights: .objects(ObjectWeights(weights, names: [:])),
            registry: KerasLayerRegistry(), path: "test")
        #expect(graph.notes.contains { $0.contains("stateful") && $0.contains("zeros") })
        let found = try run(
            model(document, weights, generation: .keras2), ["x": Tensor([1, 1, 2, 2, 4, 4], shape: [1, 3, 2])])
        #expect(found["output"]?.floats == [8 + 0.5 * (4 + 0.5 * 2)])
    }
}
