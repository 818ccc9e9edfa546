import Foundation
import TestSupport
import Testing

@Suite("Weights that are no numbers")
struct BrokenWeightsTests {
    private let scratch = Scratch()

    /// The fixture with one element of one matrix replaced: found by the bytes that h5py's layout leaves contiguous.
    private func model(holding value: Float) throws -> (path: String, texts: String) {
        let manager = FileManager.default
        let folder = scratch("model")
        try manager.copyItem(atPath: Command.fixture, toPath: folder)
        let weights = URL(fileURLWithPath: folder + "/tf_model.h5")
        var bytes = try Data(contentsOf: weights)
        // Long after the tables of names, in the middle of the word embeddings or a matrix: four bytes of a float.
        let offset = bytes.count / 2 / 4 * 4
        withUnsafeBytes(of: value) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
        try manager.removeItem(at: weights)
        try bytes.write(to: weights)
        let texts = try scratch.lines(40, of: Command.fixture + "/calibration.txt", as: "texts.txt")
        return (folder, texts)
    }

    @Test(
        "analyze, convert and verify name the tensor, the element and the value, as corrupt input, before any work",
        arguments: [Float.nan, .infinity])
    func refused(_ value: Float) throws {
        let (path, texts) = try model(holding: value)
        for arguments in [
            ["analyze", path, "--calibration", texts, "-o", scratch("a.json")],
            ["convert", path, "--calibration", texts, "--budget", "1/3", "-o", scratch("x.reuse.h5")],
            ["verify", path, path, "--data", texts],
        ] {
            let outcome = try Command.Running(arguments).wait()
            #expect(outcome.status == 5, "\(outcome.errors)")
            #expect(outcome.message.contains("hold \(value) at element "))
            #expect(outcome.output.isEmpty)
        }
        #expect(scratch.names.sorted() == ["model", "texts.txt"])
    }
}
