import Foundation
import ReuseTransformers
import TestSupport
import Testing

/// The command and the library are two ways to the same results.
@Suite("The command beside the library")
struct LibraryTests {
    private let scratch = Scratch()

    @Test("embeddings of the library are the bits that `run` writes")
    func embeddings() async throws {
        let path = Command.fixture + "/heldout.txt"
        let outcome = try Command.run("run", Command.fixture, "--texts", path, "-o", scratch("rows.npy"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let texts = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        let model = try await TransformerModel(at: URL(filePath: Command.fixture))
        let rows = try await TextEmbedder(model, resources: ComputeResources(threads: 2)).embeddings(for: texts)
        let written = [UInt8](try Data(contentsOf: scratch.url("rows.npy"))).suffix(rows.values.count * 4)
        #expect(written.elementsEqual(rows.values.withUnsafeBytes { Array($0) }))
    }
}
