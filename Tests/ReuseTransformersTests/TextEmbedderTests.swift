import Foundation
import ReuseTransformers
import TestSupport
import Testing

@Suite("Embeddings of texts")
struct TextEmbedderTests {
    /// What float32 sums in another order may differ by.
    private static let tolerance: Float = 1e-4

    @Test("the mean of the framework's hidden states over the visible tokens is what the embedder gives")
    func framework() async throws {
        let reference = try Fixtures.reference(Fixtures.encoder)
        let hidden = try #require(reference["last_hidden_state"])
        let mask = try #require(reference["attention_mask"]).floats
        let ids = try #require(reference["input_ids"]).floats.map { Int32($0) }
        let types = try #require(reference["token_type_ids"]).floats.map { Int32($0) }
        let (length, width) = (hidden.shape[1], hidden.shape[2])
        let values = hidden.floats
        // A full text and one that is padded at its end.
        var texts: [[Int32]] = [], segments: [[Int32]] = [], expected: [[Float]] = []
        for text in 0..<2 {
            let count = (0..<length).filter { mask[text * length + $0] != 0 }.count
            texts.append(Array(ids[text * length..<text * length + count]))
            segments.append(Array(types[text * length..<text * length + count]))
            expected.append(
                (0..<width).map { column in
                    let column = (0..<count).map { values[(text * length + $0) * width + column] }
                    return column.reduce(0, +) / Float(count)
                })
        }
        let embedder = try TextEmbedder(try await Fixtures.encoderModel())
        let embeddings = try await embedder.embeddings(forTokens: texts, types: segments)
        #expect(embeddings.shape == [2, width])
        for (row, expected) in zip(embeddings, expected) {
            #expect(zip(row, expected).allSatisfy { abs($0 - $1) < Self.tolerance })
        }
    }

    @Test("a text's embedding is that of its tokens, and does not depend on the texts beside it")
    func alone() async throws {
        let embedder = try TextEmbedder(try await Fixtures.encoderModel())
        let texts = try Fixtures.texts("heldout.txt", 5) + [""]
        let together = try await embedder.embeddings(for: texts)
        #expect(together.shape == [6, embedder.width])
        #expect(try await embedder.embeddings(forTokens: together.tokenIDs) == together)
        for (index, text) in texts.enumerated() {
            #expect(try await embedder.embedding(for: text) == Array(together[index]))
        }
        #expect(try await embedder.embeddings(for: []).shape == [0, embedder.width])
    }

    @Test("normalised embeddings are the plain ones divided by their length")
    func normalised() async throws {
        let model = try await Fixtures.encoderModel()
        let texts = try Fixtures.texts("heldout.txt", 5)
        let plain = try await TextEmbedder(model).embeddings(for: texts)
        let unit = try await TextEmbedder(model, options: .init(normalizes: true)).embeddings(for: texts)
        for (a, b) in zip(plain, unit) {
            let length = a.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(zip(a, b).allSatisfy { abs($0 / length - $1) < Self.tolerance })
        }
        #expect(abs(unit.cosine(0, 1) - plain.cosine(0, 1)) < 1e-5)
    }

    @Test("texts are cut to the length that is asked for")
    func cut() async throws {
        let embedder = try TextEmbedder(try await Fixtures.encoderModel(), options: .init(maximumTokens: 6))
        let embeddings = try await embedder.embeddings(for: try Fixtures.texts("heldout.txt", 8))
        #expect(embedder.maximumTokens == 6)
        #expect(embeddings.tokenIDs.allSatisfy { $0.count <= 6 })
    }

    @Test("two embedders with different numbers of threads, in use at the same time, give the same bits")
    func threads() async throws {
        let model = try await Fixtures.encoderModel()
        let texts = try Fixtures.texts("heldout.txt", 12)
        let one = try TextEmbedder(model, resources: ComputeResources(threads: 1))
        let three = try TextEmbedder(model, resources: ComputeResources(threads: 3))
        async let first = one.embeddings(for: texts)
        async let second = three.embeddings(for: texts)
        #expect(try await first == second)
    }

    @Test("eight callers of one embedder at once get what one caller gets")
    func concurrent() async throws {
        let embedder = try TextEmbedder(try await Fixtures.encoderModel())
        let texts = try Fixtures.texts("heldout.txt", 16)
        let expected = try await embedder.embeddings(for: texts)
        try await withThrowingTaskGroup(of: (Int, Embeddings).self) { group in
            for caller in 0..<8 {
                group.addTask {
                    (caller, try await embedder.embeddings(for: Array(texts[caller * 2..<caller * 2 + 2])))
                }
            }
            for try await (caller, rows) in group {
                #expect(rows.values == Array(expected.values[caller * 2 * rows.width..<(caller + 1) * 2 * rows.width]))
            }
        }
    }

    @Test("a cancelled task gets the error that says so")
    func cancelled() async throws {
        let embedder = try TextEmbedder(try await Fixtures.encoderModel())
        let task = Task { () throws(TransformerError) in
            while !Task.isCancelled { await Task.yield() }
            return try await embedder.embeddings(for: ["a text"])
        }
        task.cancel()
        await #expect(throws: TransformerError.self) { try await task.value }
        let result = await task.result
        #expect(throws: TransformerError(.cancelled, "the work was cancelled")) { try result.get() }
    }

    @Test("a folder of sentence-transformers says how rows become one, how long texts are, and whether to normalise")
    func sentenceTransformers() async throws {
        let folder = try SentenceFolder()
        try folder.write(pooling: #"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#)
        let embedder = try TextEmbedder(try await TransformerModel(at: folder.url))
        #expect(embedder.pooling == .first && embedder.normalizes && embedder.maximumTokens == 9)
    }

    @Test("several ways of pooling stand side by side, unless the caller says which one to take instead")
    func severalPoolings() async throws {
        let folder = try SentenceFolder()
        try folder.write(pooling: #"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#)
        let model = try await TransformerModel(at: folder.url)
        let both = try TextEmbedder(model), mean = try TextEmbedder(model, options: .init(pooling: .mean))
        #expect(both.pooling == nil && both.width == 2 * mean.width)
        #expect(mean.pooling == .mean && mean.normalizes)
    }

    @Test("what a folder asks for and is not done is refused by its name")
    func refused() async throws {
        let folder = try SentenceFolder()
        try folder.write(pooling: #"{"pooling_mode_cls_token": true, "pooling_mode_attention": 3}"#)
        do {
            _ = try await TransformerModel(at: folder.url)
            Issue.record("the folder was taken")
        } catch {
            #expect(error.kind == .unsupported && "\(error)".contains("pooling_mode_attention"))
        }
    }

    @Test(
        "what is not there, what reads no texts and what is unknown is told apart by kind",
        arguments: [
            ("nothing-here", TransformerError.Kind.inputOutput), ("vit", .usage),
        ])
    func kinds(_ name: String, _ kind: TransformerError.Kind) async throws {
        do {
            _ = try TextEmbedder(try await TransformerModel(at: Fixtures.root.appending(path: name)))
            Issue.record("\(name) was taken")
        } catch {
            #expect(error.kind == kind && error.description.contains(name))
        }
    }

    @Test("ids that the model does not know are the caller's mistake")
    func unknownToken() async throws {
        let embedder = try TextEmbedder(try await Fixtures.encoderModel())
        do {
            _ = try await embedder.embeddings(forTokens: [[1_000_000]])
            Issue.record("the id was taken")
        } catch {
            #expect(error.kind == .usage)
        }
    }
}

/// The small encoder as sentence-transformers lays models out.
private struct SentenceFolder {
    private let scratch = Scratch()

    var url: URL { URL(filePath: scratch.path) }

    init() throws {
        for name in ["tf_model.h5", "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"] {
            try FileManager.default.createSymbolicLink(
                at: scratch.url(name), withDestinationURL: Fixtures.encoder.appending(path: name))
        }
        try FileManager.default.createDirectory(at: scratch.url("1_Pooling"), withIntermediateDirectories: true)
        try scratch.file("sentence_bert_config.json", contents: #"{"max_seq_length": 9, "do_lower_case": false}"#)
        let modules = ["Transformer", "Pooling", "Normalize"].enumerated().map { index, type in
            let path = index == 0 ? "" : "\(index)_\(type)"
            return #"{"path": "\#(path)", "type": "sentence_transformers.models.\#(type)"}"#
        }
        try scratch.file("modules.json", contents: "[" + modules.joined(separator: ",") + "]")
    }

    func write(pooling: String) throws { try scratch.file("1_Pooling/config.json", contents: pooling) }
}
