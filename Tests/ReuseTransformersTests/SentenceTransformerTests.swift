import Foundation
import NumPy
import Platform
import ReuseTransformers
import Tensors
import TestSupport
import Testing

/// Small folders against what sentence-transformers makes of the same texts (fixtures/sentences).
@Suite("Folders of sentence-transformers")
struct SentenceTransformerTests {
    private static let folder = Fixtures.root.appending(path: "sentences")

    private func wanted(_ name: String) throws -> [Float] {
        try NumPyArray.read(path: Self.folder.appending(path: "\(name)/want.npy").path).floats
    }

    private func texts(_ name: String) throws -> [String] {
        var lines = try String(contentsOf: Self.folder.appending(path: "\(name)/texts.txt"), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private func expect(_ values: [Float], _ wanted: [Float]) {
        #expect(values.count == wanted.count)
        for (value, expected) in zip(values, wanted) where abs(value - expected) > 1e-5 {
            Issue.record("\(value) instead of \(expected)")
        }
    }

    @Test(
        "embeddings are the library's own",
        arguments: ["dense_tanh", "layer_norm", "prompt_excluded", "weighted_mean", "old_layout"])
    func embeddings(_ name: String) async throws {
        let model = try await TransformerModel(at: Self.folder.appending(path: name))
        expect(try await TextEmbedder(model).embeddings(for: texts(name)).values, try wanted(name))
    }

    @Test("scores of pairs are the library's own")
    func pairs() async throws {
        let model = try await TransformerModel(at: Self.folder.appending(path: "cross_encoder"))
        let lines = try String(contentsOf: Self.folder.appending(path: "cross_encoder/pairs.tsv"), encoding: .utf8)
        let pairs = lines.split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return TextPair(parts[0], parts[1])
        }
        let scores = try await PairScorer(model).scores(for: pairs)
        expect(scores.flatMap(\.self), try wanted("cross_encoder"))
        #expect(model.task == .numbers, "one label is a number, not a class")
    }

    @Test("a .reuse.h5 carries modules, prompts and limits", arguments: ["dense_tanh", "prompt_excluded"])
    func carried(_ name: String) async throws {
        let model = try await TransformerModel(at: Self.folder.appending(path: name))
        let scratch = Scratch()
        try await model.write(to: scratch.url("small.reuse.h5"))
        let read = try await TransformerModel(at: scratch.url("small.reuse.h5"))
        #expect(read.prompts == model.prompts)
        let values = try await TextEmbedder(read).embeddings(for: texts(name)).values
        #expect(try await values == TextEmbedder(model).embeddings(for: texts(name)).values)
    }

    @Test("what the caller says holds instead of what the files say")
    func overriding() async throws {
        let model = try await TransformerModel(at: Self.folder.appending(path: "prompt_excluded"))
        #expect(model.prompts["retrieval"] == "find the maps that: ")
        let bare = try TextEmbedder(model, options: .init(prompt: ""))
        let prompted = try TextEmbedder(model, options: .init(prompt: "find the maps that: "))
        let text = try texts("prompt_excluded")[0]
        let usual = try await TextEmbedder(model).embedding(for: text)
        #expect(try await prompted.embedding(for: text) == usual)
        #expect(try await bare.embedding(for: text) != usual)
        #expect(try TextEmbedder(model, options: .init(maximumTokens: 16)).maximumTokens == 16)
        let unit = try await TextEmbedder(model, options: .init(normalizes: true)).embedding(for: text)
        #expect(abs(unit.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }

    @Test("a module that is not handled is refused by its name, whoever asks")
    func refusals() async throws {
        for (type, word) in [
            ("sentence_transformers.models.StaticEmbedding", "StaticEmbedding"), ("custom_st.Pooling", "custom_st"),
            ("sentence_transformers.models.Router", "Router"),
        ] {
            let scratch = Scratch()
            for file in ["config.json", "model.safetensors"] {
                try FileManager.default.createSymbolicLink(
                    at: scratch.url(file), withDestinationURL: Self.folder.appending(path: "dense_tanh/\(file)"))
            }
            try scratch.file(
                "modules.json",
                contents: #"[{"type": "sentence_transformers.models.Transformer"}, {"type": "\#(type)"}]"#)
            do {
                _ = try await TransformerModel(at: URL(filePath: scratch.path))
                Issue.record("\(type) was taken")
            } catch {
                #expect(error.kind == .unsupported && "\(error)".contains(word))
            }
        }
    }

    @Test("a path of modules.json that leads out of the folder is no path")
    func outside() async throws {
        let scratch = Scratch()
        try scratch.file(
            "modules.json",
            contents: #"[{"type": "sentence_transformers.models.Transformer", "path": "../elsewhere"}]"#)
        do {
            _ = try await TransformerModel(at: URL(filePath: scratch.path))
            Issue.record("the folder was taken")
        } catch {
            #expect(error.kind == .corrupt)
        }
    }
}
