import Checkpoints
import Files
import Foundation
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

@Suite("Tensors under their files' own names")
struct TensorListingTests {
    private func digests(_ path: String) throws -> [String: String] {
        let listing = try Checkpoint.tensors(at: path)
        return try Dictionary(listing.tensors.map { ($0.name, try $0.read().digest.hex) }) { first, _ in first }
    }

    @Test("a folder's tensors are those of its files, a KerasHub task's head under a prefix")
    func folder() throws {
        let folder = "\(fixtures)/bert_kerashub_task"
        let backbone = try digests("\(folder)/model.weights.h5")
        let head = try digests("\(folder)/task.weights.h5")
        let prefixed = Dictionary(uniqueKeysWithValues: head.map { ("task/" + $0.key, $0.value) })
        #expect(!backbone.isEmpty && !head.isEmpty)
        #expect(try digests(folder) == backbone.merging(prefixed) { first, _ in first })
    }

    @Test("shards are listed together, also by their index")
    func shards() throws {
        let folder = "\(fixtures)/bert_safetensors_sharded"
        let all = try digests(folder)
        #expect(all.count > 30)
        #expect(try digests("\(folder)/model.safetensors.index.json") == all)
    }

    @Test("a damaged .reuse.h5 gives none of its tensors")
    func damage() throws {
        let scratch = Scratch()
        let path = scratch("model.reuse.h5")
        try Checkpoint.write(Checkpoint.load(path: "\(fixtures)/bert"), to: path, toolVersion: "0.1.0")
        let sound = try digests(path)
        #expect(sound.keys.contains("tensors/pooler/weight"))
        var bytes = try Data(contentsOf: scratch.url("model.reuse.h5"))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: scratch.url("model.reuse.h5"))
        let error = #expect(throws: FileError.self) { try Checkpoint.tensors(at: path) }
        #expect(error?.kind == .corrupt)
    }
}
