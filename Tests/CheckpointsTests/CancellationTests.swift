import Checkpoints
import Foundation
import ModelGraph
import Platform
import TestSupport
import Testing

@Suite("Giving up reading and writing")
struct CancellationTests {
    private static let cancelled: Cancellation = {
        let cancellation = Cancellation()
        cancellation.request()
        return cancellation
    }()

    @Test(
        "a checkpoint that is no longer wanted is not read", arguments: ["bert", "bert_kerashub", "bert_safetensors"])
    func reading(_ name: String) {
        let error = #expect(throws: FileError.self) {
            try Checkpoint.load(path: "\(fixtures)/\(name)", options: .init(cancellation: Self.cancelled))
        }
        #expect(error?.kind == .cancelled)
    }

    @Test("a .reuse.h5 that is no longer wanted is neither read nor called damaged")
    func readingOwnFile() throws {
        let scratch = Scratch()
        let path = scratch("model.reuse.h5")
        try Checkpoint.write(Checkpoint.load(path: "\(fixtures)/bert"), to: path, toolVersion: "0.1.0")
        let error = #expect(throws: FileError.self) {
            try Checkpoint.load(path: path, options: .init(cancellation: Self.cancelled))
        }
        #expect(error?.kind == .cancelled)
    }

    @Test("writing that is given up leaves no file, and an earlier one as it was")
    func writing() throws {
        let scratch = Scratch()
        let model = try Checkpoint.load(path: "\(fixtures)/bert")
        let earlier = try scratch.file("earlier.reuse.h5", contents: "earlier")
        for path in [scratch("new.reuse.h5"), earlier.path] {
            let error = #expect(throws: FileError.self) {
                try Checkpoint.write(model, to: path, toolVersion: "0.1.0", cancellation: Self.cancelled)
            }
            #expect(error?.kind == .cancelled)
        }
        #expect(scratch.names == ["earlier.reuse.h5"])
        #expect(try String(contentsOf: earlier, encoding: .utf8) == "earlier")
    }

    @Test("a cancellation that is not requested changes nothing")
    func notRequested() throws {
        let model = try Checkpoint.load(path: "\(fixtures)/bert", options: .init(cancellation: Cancellation()))
        let plain = try Checkpoint.load(path: "\(fixtures)/bert")
        #expect(model.tensors.mapValues(\.digest) == plain.tensors.mapValues(\.digest))
    }
}
