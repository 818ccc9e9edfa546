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

    @Test("run, eval, bench and a conversion without data name the tensor too, and write nothing")
    func everywhere() throws {
        let (path, texts) = try model(holding: .nan)
        let converted = try Converted.shared.get()
        let pairs = scratch("pairs.tsv")
        try "1\ta man eats\ta man sleeps\n2\tthe cat\tthe dog\n3\tone\ttwo\n".write(
            toFile: pairs, atomically: true, encoding: .utf8)
        for arguments in [
            ["bench", path, "--shape", "2x8"], ["eval", path, "--pairs", pairs],
            ["convert", path, "--plan", converted.plan, "--heal", "none", "-o", scratch("x.reuse.h5")],
        ] {
            let outcome = try Command.Running(arguments).wait()
            // A score of rows that do not touch the element is a number.
            if arguments[0] == "eval", outcome.status == 0 { continue }
            #expect(outcome.status == 5 && outcome.errors.contains("hold nan at element "), "\(outcome.errors)")
        }
        let run = try Command.run("run", path, "--texts", texts, "-o", scratch("rows.npy"))
        let isTouched = run.status != 0
        #expect(!isTouched || run.status == 5 && run.errors.contains("hold nan at element "), "\(run.errors)")
        #expect(!scratch.names.contains("x.reuse.h5") && scratch.names.contains("rows.npy") != isTouched)
    }
}
