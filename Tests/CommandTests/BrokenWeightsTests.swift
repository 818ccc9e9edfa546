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

    @Test("run, bench and a conversion without data name the tensor too, and write nothing")
    func everywhere() throws {
        let (path, texts) = try model(holding: .nan)
        let converted = try Converted.shared.get()
        for arguments in [
            ["bench", path, "--shape", "2x8"],
            ["convert", path, "--plan", converted.plan, "--heal", "none", "-o", scratch("x.reuse.h5")],
        ] {
            let outcome = try Command.Running(arguments).wait()
            #expect(outcome.status == 5 && outcome.errors.contains("hold nan at element "), "\(outcome.errors)")
        }
        let run = try Command.run("run", path, "--texts", texts, "-o", scratch("rows.npy"))
        let isTouched = run.status != 0
        #expect(!isTouched || run.status == 5 && run.errors.contains("hold nan at element "), "\(run.errors)")
        #expect(!scratch.names.contains("x.reuse.h5") && scratch.names.contains("rows.npy") != isTouched)
        guard !isTouched else { return }
        // The element belongs to a token that these texts lack: then every row is a number.
        let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch("rows.npy"))))
        let lacksNumbers = stride(from: 128, to: file.count - 3, by: 4).contains { start in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(file[start + $1]) << UInt32(8 * $1) }
            return Float(bitPattern: bits).isNaN
        }
        #expect(!lacksNumbers)
    }
}
