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

    @Test("a conversion by the library gives the file that `convert` writes, byte for byte")
    func conversion() async throws {
        let converted = try Converted.shared.get()
        let model = try await TransformerModel(at: URL(filePath: Command.fixture))
        let files = CalibrationData.files([URL(filePath: converted.calibration[1])], maximumTokens: 24)
        let path = scratch.url("library.reuse.h5")
        // As the command does it here: along an analysis that was written before.
        let analysis = try await ModelAnalysis(contentsOf: URL(filePath: converted.analysis))
        _ = try await ModelConverter(model, resources: ComputeResources(threads: 2)).convert(
            calibration: files, budget: try ConversionBudget("1/3"), analysis: analysis, to: path
        ).output
        #expect(try Data(contentsOf: path) == Data(contentsOf: URL(filePath: converted.model)))
    }
}
