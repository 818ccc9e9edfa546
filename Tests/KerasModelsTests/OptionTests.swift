import JSON
import KerasFiles
import KerasModels
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing

@Suite("Options of Keras's layers")
struct OptionTests {
    /// A layer of each kind with its input, `[batch, …]`, and the configuration that it needs.
    private static let layers: [(name: String, shape: [Int?], config: String)] = [
        ("Embedding", [4], #""input_dim": 9, "output_dim": 3"#),
        ("EinsumDense", [4, 3], #""equation": "abc,cd->abd", "output_shape": [null, 3], "activation": "relu""#),
        ("Dense", [4, 3], #""units": 2"#), ("RepeatVector", [3], #""n": 2"#),
        ("Rescaling", [4, 4, 1], #""scale": 2"#), ("Resizing", [4, 4, 1], #""height": 2, "width": 2"#),
        ("CenterCrop", [4, 4, 1], #""height": 2, "width": 2"#), ("RandomFlip", [4, 4, 1], #""mode": "horizontal""#),
        ("Discretization", [3], #""bin_boundaries": [0, 1]"#),
        ("CategoryEncoding", [3], #""num_tokens": 4"#), ("IntegerLookup", [3], #""vocabulary": [3, 4]"#),
        ("Normalization", [4, 3], #""axis": [-1], "mean": [0, 0, 0], "variance": [1, 1, 1]"#),
        ("Masking", [4, 3], #""mask_value": 0"#), ("Dropout", [4, 3], #""rate": 0.5"#),
        ("GaussianNoise", [4, 3], #""stddev": 0.5"#), ("Softmax", [4, 3], #""axis": -1"#),
    ]

    private func problem(
        _ name: String, _ shape: [Int?], _ config: String, module: String = "keras.layers"
    ) throws -> FileError? {
        var sketch = Sketch()
        let readsIDs = ["Embedding", "IntegerLookup", "CategoryEncoding"].contains(name)
        sketch.input("x", shape, type: readsIDs ? "int32" : "float32")
        try sketch.layer("y", name, "{\(config)}", ["x"], module: module)
        do throws(FileError) {
            _ = try KerasGraph(
                sketch.model(outputs: ["y"]), generation: .keras3, weights: .objects(ObjectWeights([], names: [:])),
                registry: KerasLayerRegistry(custom: try CustomLayer.builtIn()), path: "test")
            return nil
        } catch { return error }
    }

    @Test("an option that nobody knows is refused by its name and value", arguments: layers.indices)
    func unknown(_ index: Int) throws {
        let (name, shape, config) = Self.layers[index]
        // Without variables layers that have some are corrupt, in words of their own.
        if let error = try problem(name, shape, config) {
            #expect(!error.description.contains("some_new_word"))
        }
        let error = try #require(try problem(name, shape, config + #", "some_new_word": 3"#), "\(name)")
        #expect(
            error.kind == .unsupported && error.description.contains("\"some_new_word\" is 3")
                || error.kind == .corrupt && ["Embedding", "EinsumDense", "Dense"].contains(name), "\(error)")
    }

    @Test(
        "so are those of KerasHub's and the Model Garden's layers, and of recorded functions",
        arguments: [
            ("TransformerEncoder", "keras_hub.layers", #""intermediate_dim": 8, "num_heads": 2"#),
            ("TransformerDecoder", "keras_hub.layers", #""intermediate_dim": 8, "num_heads": 2"#),
            ("PositionEmbedding", "keras_hub.layers", #""sequence_length": 4"#),
            ("BertBackbone", "keras_hub.models", #""num_layers": 1, "vocabulary_size": 9"#),
            ("Text>TransformerEncoderBlock", "models", #""num_attention_heads": 2, "inner_dim": 8"#),
            ("Text>SelfAttentionMask", "models", #""trainable": true"#),
            ("Softmax", "keras.src.ops.nn", #""axis": -1"#), ("Exp", "keras.src.ops.numpy", #""name": "exp""#),
            ("Cast", "keras.src.ops.core", #""dtype": "float32""#),
        ])
    func composed(_ name: String, _ module: String, _ config: String) throws {
        let error = try #require(
            try problem(name, [4, 4], config + #", "some_new_word": 3"#, module: module), "\(name)")
        #expect(error.kind == .unsupported && error.description.contains("\"some_new_word\" is 3"), "\(error)")
    }
}
