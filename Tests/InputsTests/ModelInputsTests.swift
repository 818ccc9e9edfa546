import Foundation
import Images
import Inputs
import ModelGraph
import NumPy
import Platform
import Tensors
import Testing
import TestSupport
import Tokenization
import TokenizerFormats

/// What a graph's inputs say about files, with graphs that have inputs only.
@Suite("Data as a model takes it")
struct ModelInputsTests {
    private static let fixtures = ImageFixture.folder.deletingLastPathComponent()

    private func tokenizer() throws -> Tokenizer {
        try Tokenizer.load(directory: Self.fixtures.appending(path: "tokenizers/t5").path)
    }

    private func model(_ layouts: [String: InputLayout], _ assets: [String: String] = [:], text: Bool = false) -> Model
    {
        let graph = Graph(
            inputs: (text ? ["input_ids", "attention_mask"] : []) + layouts.keys.sorted(), inputLayouts: layouts,
            nodes: [], outputs: [], hiddenStates: [])
        return Model(
            graph: graph.sound, tensors: [:], assets: assets.mapValues { Array($0.utf8) },
            provenance: .init(files: [], dialect: "test", architecture: "test"))
    }

    private static let decoder = [
        "decoder_input_ids": InputLayout(content: .ids, rows: .axis(.init("decoder")))
    ]
    private static let image = [
        "pixels": InputLayout(rows: .count(256), width: 3, grid: [16, 16])
    ]

    @Test("what a model reads follows from its inputs")
    func kinds() throws {
        let tokenizer = try tokenizer()
        func kind(_ model: Model) throws -> ModelInputs.Kind {
            try ModelInputs(model, tokenizer: tokenizer, maximumTokens: nil).kind
        }
        #expect(try kind(model([:], text: true)) == .text)
        #expect(
            try kind(model(Self.decoder, ["config.json": #"{"decoder_start_token_id": 0}"#], text: true)) == .textPairs)
        #expect(try kind(model(Self.decoder, text: true)) == .arrays, "nothing says how targets start")
        #expect(try kind(model(Self.image)) == .pictures)
        #expect(try kind(model(["features": InputLayout(rows: .axis(.init("time")), width: 8)])) == .arrays)
    }

    @Test("a source and its target: the decoder reads the target a step late, from the start token on")
    func pairs() throws {
        let tokenizer = try tokenizer()
        let files = ["config.json": #"{"decoder_start_token_id": 0, "eos_token_id": 1}"#]
        let inputs = try ModelInputs(model(Self.decoder, files, text: true), tokenizer: tokenizer, maximumTokens: 64)
        let item = try inputs.item(of: "a source\tits target")
        #expect(item.sequence.ids == tokenizer.encode("a source").ids)
        #expect(item.targetIDs == tokenizer.encode("its target").ids && item.targetIDs.last == 1)
        #expect(item.sequence.arrays["decoder_input_ids"]?.ids == [0] + item.targetIDs.dropLast())
        let open = try inputs.item(of: "a source")
        #expect(open.targetIDs.isEmpty && open.sequence.arrays["decoder_input_ids"]?.ids == [0])
        #expect(inputs.target?.endIDs == [1])
    }

    @Test("a file of pairs comes in batches, in order, and one batch is held at a time")
    func batches() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).tsv").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = (0..<10).map { "source \($0)\ttarget \($0)\n" }
        try lines.joined().write(toFile: path, atomically: false, encoding: .utf8)
        let tokenizer = try tokenizer()
        let files = ["generation_config.json": #"{"decoder_start_token_id": 0}"#]
        let inputs = try ModelInputs(model(Self.decoder, files, text: true), tokenizer: tokenizer, maximumTokens: nil)
        var batches = try inputs.batches(of: path, size: 4)
        var sizes: [Int] = [], items: [InputItem] = []
        while let batch = try batches.next() {
            sizes.append(batch.count)
            items += batch
        }
        #expect(sizes == [4, 4, 2])
        #expect(items.map(\.targetIDs) == (0..<10).map { tokenizer.encode("target \($0)").ids })
    }

    @Test("of more data than are wanted the same part is drawn every time, in order, over all files")
    func draws() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let paths = ["a.txt", "b.txt"].map { folder.appending(path: $0).path }
        for (number, path) in paths.enumerated() {
            let lines = (0..<300).map {
                "text \(number * 300 + $0) " + String(repeating: "word ", count: $0 % 7) + "\n"
            }
            try lines.joined().write(toFile: path, atomically: false, encoding: .utf8)
        }
        let inputs = try ModelInputs(model([:], text: true), tokenizer: try tokenizer(), maximumTokens: nil)
        let all = try inputs.items(of: paths, drawing: .max)
        #expect(all.count == 600)
        let total = all.reduce(0) { $0 + $1.sequence.visibleCount }
        for limit in [total, total - 1, total / 3, 40] {
            let drawn = try inputs.items(of: paths, drawing: limit)
            let weight = drawn.reduce(0) { $0 + $1.sequence.visibleCount }
            #expect(weight <= limit && weight > limit - 64)
            #expect(drawn == (try inputs.items(of: paths, drawing: limit)))
            // In order: what is drawn is found going through all once.
            var rest = all[...]
            for item in drawn {
                rest = rest.drop { $0 != item }
                #expect(rest.popFirst() == item)
            }
        }
    }

    @Test("reading that is asked to end stops at the next item with an error of kind cancelled")
    func cancelled() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).txt").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try String(repeating: "a text\n", count: 10).write(toFile: path, atomically: false, encoding: .utf8)
        let inputs = try ModelInputs(model([:], text: true), tokenizer: try tokenizer(), maximumTokens: nil)
        let cancellation = Cancellation()
        var batches = try inputs.batches(of: path, size: 4, cancellation: cancellation)
        #expect(try batches.next()?.count == 4)
        cancellation.request()
        let error = #expect(throws: FileError.self) {
            try inputs.items(of: [path], drawing: 100, cancellation: cancellation)
        }
        #expect(error?.kind == .cancelled && error?.path == path)
        do {
            _ = try batches.next()
            Issue.record("the next batch was read")
        } catch {
            #expect(error.kind == .cancelled)
        }
    }

    @Test("a folder of pictures is read in the order of paths, resized to the model's grid")
    func pictures() throws {
        let inputs = try ModelInputs(model(Self.image), tokenizer: nil, maximumTokens: nil)
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: path) }
        for (folder, source) in [("b", "rgb.png"), ("a", "grey.jpg"), ("a", "interlaced.png")] {
            let target = path.appending(path: folder)
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: ImageFixture.folder.appending(path: source), to: target.appending(path: source))
        }
        try "no picture".write(to: path.appending(path: "a/readme.txt"), atomically: false, encoding: .utf8)
        let files = try PictureFolder(path: path.path).files
        #expect(files.map(\.folder) == ["a", "a", "b"])
        #expect(files.map { ($0.path as NSString).lastPathComponent } == ["grey.jpg", "interlaced.png", "rgb.png"])
        var batches = try inputs.batches(of: path.path, size: 2)
        #expect(try batches.next()?.count == 2)
        let last = try #require(try batches.next()?.first)
        let expected = ResamplingFilter.bilinear.resize(
            try Picture(path: ImageFixture.path("rgb.png")), width: 16, height: 16)
        #expect(last.sequence.arrays["pixels"]?.numbers == expected.pixels.map(Float.init))
        #expect(last.sequence.visibleCount == 256)
        #expect(try batches.next() == nil)
    }

    @Test("an archive of arrays is one batch for any model")
    func arrays() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).npz").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var archive = try NumPyArchiveWriter(path: path)
        try archive.append(Tensor((0..<(2 * 768)).map { Float($0) }, shape: [2, 16, 16, 3]), named: "pixels")
        try archive.close()
        let inputs = try ModelInputs(model(Self.image), tokenizer: nil, maximumTokens: nil)
        var batches = try inputs.batches(of: path, size: 1)
        let items = try #require(try batches.next())
        #expect(items.map { $0.sequence.arrays["pixels"]?.numbers.first } == [0, 768])
        #expect(try batches.next() == nil)
    }

    @Test("texts for a model without a tokenizer, and files for one that reads arrays, are refused with a reason")
    func refusals() throws {
        let plain = try ModelInputs(model([:], text: true), tokenizer: nil, maximumTokens: nil)
        #expect(throws: FileError.self) { try plain.item(of: "a text") }
        let features = model(["features": InputLayout(rows: .axis(.init("time")), width: 8)])
        let arrays = try ModelInputs(features, tokenizer: nil, maximumTokens: nil)
        #expect(throws: FileError.self) { _ = try arrays.batches(of: "texts.txt", size: 1) }
        #expect(throws: FileError.self) { try plain.item(ofPictureAt: ImageFixture.path("rgb.png")) }
    }

    @Test("what ends a text is read from the generation settings, then the configuration, then the tokenizer")
    func ends() throws {
        let tokenizer = try tokenizer()
        func ends(_ assets: [String: String]) -> Set<Int32> {
            GenerationSettings(assets: assets.mapValues { Array($0.utf8) }, tokenizer: tokenizer).endIDs
        }
        #expect(ends([:]) == [1])
        #expect(ends(["config.json": #"{"eos_token_id": 7}"#]) == [7])
        #expect(
            ends(["config.json": #"{"eos_token_id": 7}"#, "generation_config.json": #"{"eos_token_id": [2, 3]}"#]) == [
                2, 3,
            ])
        #expect(ends(["config.json": "no json"]) == [1])
    }
}
