import Checkpoints
import Files
import Foundation
import HDF5
import JSON
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing

@Suite("The .reuse.h5 file")
struct ReuseFileTests {
    /// The small BERT with a reusing, a blending and a dropped head, and one bfloat16 tensor.
    private static func model() throws -> Model {
        var model = try Checkpoint.load(path: "\(fixtures)/bert")
        let node = try #require(model.graph.nodes.firstIndex { $0.name == "layer_1/attention" })
        guard case .attention(var attention) = model.graph.nodes[node].operation else {
            throw FileError(.defect, path: "", "no attention")
        }
        attention.heads = [
            .borrowed([
                MapTerm(weight: 0.75, map: .head(HeadID(node: "layer_0/attention", head: 1))),
                MapTerm(weight: 0.25, map: .pattern(.previous)),
            ]), .dropped,
        ]
        model.graph = try model.graph.changed { $0.nodes[node].operation = .attention(attention) }
        let kept = attention.keptHeads.count * attention.valueSize
        for name in ["query", "key"] {
            model.tensors["layer_1/attention/\(name)_weight"] = nil
            model.tensors["layer_1/attention/\(name)_bias"] = nil
        }
        for (name, shape) in [("value_weight", [16, kept]), ("value_bias", [kept]), ("output_weight", [kept, 16])] {
            model.tensors["layer_1/attention/\(name)"] = Tensor(shape: Shape(shape)) { target in
                for index in target.indices { target[index] = Float(index) / 8 }
            }
        }
        let bits: [UInt16] = [0x3F80, 0x4000, 0xBF80, 0]
        let storage = TensorStorage(byteCount: 32) { target in
            for index in 0..<16 { target.storeBytes(of: bits[index % 4], toByteOffset: index * 2, as: UInt16.self) }
        }
        model.tensors["embeddings_norm/offset"] = Tensor(dtype: .bfloat16, shape: [16], storage: storage)
        model.plan = ReusePlan(of: model.graph, budget: "maps:1/2")
        model.healing = .object(["lambda": .number(0.1), "layers": .array([.string("layer_1/attention")])])
        return model
    }

    private static func write(
        _ model: Model, _ folder: Scratch, _ name: String = "model.reuse.h5",
        compression: Checkpoint.Compression = .none
    ) throws -> String {
        let path = "\(folder.path)/\(name)"
        try Checkpoint.write(model, to: path, compression: compression, toolVersion: "0.1.0")
        return path
    }

    @Test(
        "a model that is written is read back bit for bit", arguments: [Checkpoint.Compression.none, .zstd(level: 3)])
    func roundTrip(_ compression: Checkpoint.Compression) throws {
        let scratch = Scratch()
        let model = try Self.model()
        let path = try Self.write(model, scratch, compression: compression)
        let read = try Checkpoint.load(path: path)
        #expect(read.graph == model.graph)
        #expect(read.plan == model.plan)
        #expect(read.healing == model.healing)
        #expect(read.provenance == model.provenance)
        #expect(read.traits == model.traits)
        #expect(read.assets == model.assets)
        #expect(read.tensors.mapValues(\.digest) == model.tensors.mapValues(\.digest))
        #expect(read.tensors.mapValues(\.shape) == model.tensors.mapValues(\.shape))
        #expect(read.tensors.mapValues(\.dtype) == model.tensors.mapValues(\.dtype))
        let summary = try Checkpoint.describe(path: path)
        #expect(summary.dialect == "reuse")
        #expect(summary.architecture == "bert")
        #expect(summary.tensors.count == model.tensors.count)
        #expect(summary.tensors.allSatisfy { $0.filters.isEmpty == (compression == .none) })
        try keepDocument(path, as: compression == .none ? "plain.reuse.h5" : "compressed.reuse.h5")
    }

    @Test(
        "the same model gives the same bytes of a .reuse.h5", arguments: [Checkpoint.Compression.none, .zstd(level: 3)])
    func determinism(_ compression: Checkpoint.Compression) throws {
        let scratch = Scratch()
        let model = try Self.model()
        let first = try Self.write(model, scratch, "a.reuse.h5", compression: compression)
        let second = try Self.write(model, scratch, "b.reuse.h5", compression: compression)
        #expect(try MappedFile(path: first).digest == MappedFile(path: second).digest)
    }

    @Test("user block and block table are what docs/format.md says")
    func layout() throws {
        let scratch = Scratch()
        let path = try Self.write(try Self.model(), scratch)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        #expect(bytes[..<8] == [0x89, 0x52, 0x45, 0x55, 0x53, 0x45, 0x0D, 0x0A])
        #expect(number(8, 4) == 1)
        #expect(number(12, 4) == 512)
        #expect(number(16, 8) == bytes.count)
        let table = number(24, 8)
        let blocks = (table - 512 + (1 << 20) - 1) >> 20
        #expect(bytes.count == table + 32 * blocks)
        #expect(Array(bytes[table..<table + 32]) == Digest(of: Array(bytes[512..<min(table, 512 + 1 << 20)])).bytes)
        #expect(Array(bytes[32..<64]) == Digest(of: Array(bytes[table...])).bytes)
        #expect(Array(bytes[64..<96]) == Digest(of: Array(bytes[..<64])).bytes)
        #expect(bytes[96..<512].allSatisfy { $0 == 0 })
    }

    @Test(
        "a flipped byte anywhere in a .reuse.h5 is detected", arguments: [Checkpoint.Compression.none, .zstd(level: 3)])
    func flippedBytes(_ compression: Checkpoint.Compression) throws {
        let scratch = Scratch()
        let path = try Self.write(try Self.model(), scratch, compression: compression)
        let url = URL(fileURLWithPath: path)
        let sound = try Data(contentsOf: url)
        // All of the user block, then steps of a prime, so that no field is spared, and the table at the end.
        let offsets =
            Array(0..<512) + Array(stride(from: 512, to: sound.count, by: 1499)) + [sound.count - 32, sound.count - 1]
        for offset in offsets {
            var damaged = sound
            damaged[offset] ^= UInt8(1 << (offset % 8))
            try damaged.write(to: url)
            let error = #expect(throws: FileError.self, "byte \(offset)") {
                try ReuseFileCheck.check(MappedFile(path: path))
            }
            #expect(error?.kind == .corrupt, "byte \(offset)")
        }
        for length in [0, 7, 100, 511, 512, 600, sound.count - 1] {
            try sound.prefix(length).write(to: url)
            let error = #expect(throws: FileError.self) { try ReuseFileCheck.check(MappedFile(path: path)) }
            #expect(error?.kind == .corrupt, "length \(length)")
        }
        try (sound + [0]).write(to: url)
        #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
    }

    @Test("describing a file notices a damaged head, without reading its tensors")
    func describedDamage() throws {
        let scratch = Scratch()
        let path = try Self.write(try Self.model(), scratch)
        let url = URL(fileURLWithPath: path)
        let sound = try Data(contentsOf: url)
        for offset in [3, 8, 20, 40, 90, 500, sound.count - 3] {
            var damaged = sound
            damaged[offset] ^= 0x10
            try damaged.write(to: url)
            let error = #expect(throws: FileError.self, "byte \(offset)") { try Checkpoint.describe(path: path) }
            #expect(error?.kind == .corrupt, "byte \(offset)")
        }
        try sound.dropLast(9).write(to: url)
        let error = #expect(throws: FileError.self) { try Checkpoint.describe(path: path) }
        #expect(error?.problems.first?.contains("were written") == true)
    }

    @Test("damage is told by block and by what it holds")
    func damagedBlocks() throws {
        let scratch = Scratch()
        let path = try Self.write(try Self.model(), scratch)
        let url = URL(fileURLWithPath: path)
        let sound = try Data(contentsOf: url)
        let file = try HDF5File.open(path: path)
        let tensor = try #require(try file.dataset(at: "/tensors/layer_0/up/weight").extents.first)
        let manifest = try #require(try file.dataset(at: "/manifest").extents.first)
        let asset = try #require(try file.dataset(at: "/assets/vocab.txt").extents.first)
        for (offset, expected) in [
            (
                tensor.lowerBound + 5,
                "block 0 (bytes 512 to \(sound.count - 32)) is damaged: /tensors/layer_0/up/weight"
            ),
            (asset.lowerBound, "damaged: /assets/vocab.txt"),
            (manifest.lowerBound + 9, "damaged: /manifest"), (600, "damaged: HDF5 structures"),
            (40, "user block (bytes 0 to 512) is damaged"),
            (sound.count - 3, "block table (bytes \(sound.count - 32) to \(sound.count)) is damaged"),
        ] {
            var damaged = sound
            damaged[offset] ^= 0x10
            try damaged.write(to: url)
            let error = #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
            #expect(
                error?.problems.first?.hasSuffix(expected) == true, "\(offset): \(String(describing: error?.problems))")
        }
    }

    @Test("a damaged magic is still taken for a damaged .reuse.h5, a newer version for what it is")
    func versions() throws {
        let scratch = Scratch()
        let path = try Self.write(try Self.model(), scratch)
        let url = URL(fileURLWithPath: path)
        var newer = [UInt8](try Data(contentsOf: url))
        newer[8] = 3
        newer.replaceSubrange(64..<96, with: Digest(of: Array(newer[..<64])).bytes)
        try Data(newer).write(to: url)
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
        #expect(error?.kind == .unsupported)
        #expect(error?.description.contains("format version 3") == true)
        newer[3] ^= 0xFF
        try Data(newer).write(to: url)
        #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
        #expect(try ReuseFile.isReuseFile(MappedFile(path: path)))
        #expect(try !ReuseFile.isReuseFile(MappedFile(path: "\(fixtures)/bert/tf_model.h5")))
    }

    @Test("a model that is not sound is not written, and nothing is left behind")
    func unsound() throws {
        let scratch = Scratch()
        var model = try Self.model()
        model.tensors["pooler/bias"] = nil
        let error = #expect(throws: FileError.self) { try Self.write(model, scratch) }
        #expect(error?.kind == .defect)
        #expect(error?.problems.first?.contains("pooler/bias") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
        let nowhere = #expect(throws: FileError.self) {
            try Checkpoint.write(try Self.model(), to: scratch.path + "/no/folder/model.reuse.h5", toolVersion: "0.1.0")
        }
        #expect(nowhere?.kind == .inputOutput)
    }

    /// A file whose seals are all right, with a manifest that was made up.
    private static func forge(_ path: String, manifest edit: (inout String) -> Void) throws {
        let model = try Self.model()
        var text = String(
            decoding: try Document.encode(Manifest(of: model, toolVersion: "0.1.0")), as: UTF8.self)
        edit(&text)
        let manifest = Array(text.utf8)
        var writer = try HDF5Writer(path: path, userBlockByteCount: 512)
        try writer.setAttribute("format", to: "reuse-transformer")
        try writer.setAttribute("format_version", to: 1)
        try writer.setAttribute("manifest_sha256", to: Digest(of: manifest).hex)
        try writer.write(bytes: manifest, at: "/manifest")
        for (name, tensor) in model.tensors { try writer.write(tensor, at: "/tensors/\(name)") }
        for (name, bytes) in model.assets { try writer.write(bytes: bytes, at: "/assets/\(name)") }
        try writer.close()
        let (table, userBlock) = try UserBlock.seal(of: path)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes.replaceSubrange(0..<512, with: userBlock.bytes)
        try (bytes + table).write(to: URL(fileURLWithPath: path))
    }

    @Test(
        "a well-sealed file with a hostile manifest is refused, naming what is wrong",
        arguments: [
            (
                "\"headSize\" : 8", "\"headSize\" : 9223372036854775807",
                "layer_0/attention: head size is 9223372036854775807"
            ),
            ("\"vocabulary\" : 30", "\"vocabulary\" : -1", "embeddings: vocabulary is -1"),
            ("\"groupCount\" : 2", "\"groupCount\" : 0", "2 heads cannot be divided into 0 groups"),
            ("\"kind\" : \"norm\"", "\"kind\" : \"warp\"", "unknown operation \"warp\""),
            ("\"formatVersion\" : 1", "\"formatVersion\" : 9", "format version 9"),
            ("\"name\" : \"vocab.txt\"", "\"name\" : \"../../vocab.txt\"", "\"../../vocab.txt\" is not a file name"),
            ("\"head\" : 1", "\"head\" : 7", "layer_0/attention has 2 heads"),
            (
                "\"name\" : \"embeddings/tokens\"", "\"name\" : \"embeddings/nothing\"", "embeddings/tokens: is missing"
            ),
            (
                "\"name\" : \"embeddings/positions\"", "\"name\" : \"embeddings/tokens\"",
                "embeddings/tokens is there twice"
            ),
            ("\"maximumTokens\" : ", "\"maximumTokens\" : -", "maximumTokens: a model of -"),
            ("\"byteCount\" : ", "\"byteCount\" : -", " bytes"),
            (
                "{",
                "{\"deep\" : " + String(repeating: "[", count: 200_000) + String(repeating: "]", count: 200_000) + ",",
                "/manifest: "
            ),
            ("\"dtype\" : \"float32\"", "\"dtype\" : \"float64\"", "the manifest says float64"),
            ("{", "[", "/manifest: "),
        ])
    func hostileManifest(_ text: String, _ replacement: String, _ message: String) throws {
        let scratch = Scratch()
        let path = scratch.path + "/forged.reuse.h5"
        try Self.forge(path) { manifest in
            let range = manifest.firstRange(of: text)
            #expect(range != nil)
            if let range { manifest.replaceSubrange(range, with: replacement) }
        }
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("whoever only describes a well-sealed file learns that its manifest contradicts itself")
    func describedLie() throws {
        let scratch = Scratch()
        let path = scratch.path + "/forged.reuse.h5"
        try Self.forge(path) {
            $0.replace("\"name\" : \"embeddings/positions\"", with: "\"name\" : \"embeddings/tokens\"")
        }
        let error = #expect(throws: FileError.self) { try Checkpoint.describe(path: path) }
        #expect(error?.kind == .corrupt && error?.description.contains("is there twice") == true)
    }

    @Test("a model with sizes that no architecture spec can count to is read back from its own file")
    func largeTables() throws {
        let scratch = Scratch()
        let rows = (1 << 24) + 1
        let table = Embedding(vocabulary: rows, width: 1)
        let graph = Graph(
            inputs: ["input_ids"],
            nodes: [Node(name: "table", operation: .embedding(table), inputs: ["input_ids"])],
            outputs: [.init(name: "rows", value: "table")], hiddenStates: ["table"])
        let storage = TensorStorage(byteCount: rows * 2) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
        let tensor = try #require(Tensor(dtype: .bfloat16, shape: [rows, 1], storage: storage))
        let model = Model(
            graph: try graph.checked(), tensors: ["table/tokens": tensor],
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        let path = try Self.write(model, scratch, compression: .zstd(level: 1))
        #expect(try Checkpoint.describe(path: path).graph == model.graph)
        #expect(try Checkpoint.load(path: path).graph == model.graph)
    }

    @Test("a manifest of an earlier release that names an analysis is read")
    func earlierManifest() throws {
        let scratch = Scratch()
        let path = scratch.path + "/earlier.reuse.h5"
        let digest = String(repeating: "0", count: 64)
        try Self.forge(path) { manifest in
            guard let brace = manifest.firstIndex(of: "{") else { return }
            manifest.insert(
                contentsOf: #""analysis" : "\#(digest)", "quantization" : null,"#, at: manifest.index(after: brace))
        }
        #expect(try Checkpoint.load(path: path).graph == Self.model().graph)
    }

    @Test("tensors that no node owns are not written")
    func superfluous() throws {
        let scratch = Scratch()
        var model = try Self.model()
        model.tensors["forgotten/weight"] = Tensor([1], shape: [1])
        let read = try Checkpoint.load(path: try Self.write(model, scratch))
        #expect(read.tensors["forgotten/weight"] == nil)
    }

    @Test("a file of several blocks has a digest for each")
    func blocks() {
        var bytes = [UInt8](repeating: 0, count: BlockDigests.blockByteCount * 2 + 5)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 >> 8) }
        func digests(_ bytes: [UInt8]) -> [Digest] { bytes.withUnsafeBytes { BlockDigests.digests(of: $0) } }
        let all = digests(bytes)
        #expect(all.count == 3)
        #expect(all[2] == Digest(of: Array(bytes.suffix(5))))
        bytes[BlockDigests.blockByteCount] ^= 1
        #expect(zip(all, digests(bytes)).map { $0 == $1 } == [true, false, true])
        #expect(digests([]).isEmpty)
    }
}
