import Foundation
import NumPy
import Tensors
import TestSupport
import Testing

@Suite("Conversions of models whose layers share their weights")
struct SharedLayerTests {
    private let scratch = Scratch()
    private let model = Repository.fixture("families/albert_safetensors")

    /// Rows of tokens: the fixture has no tokenizer.
    private func calibration() throws -> String {
        let rows = 40, columns = 12
        let ids = (0..<rows * columns).map { (place: Int) -> Int32 in
            let mixed = place * 31 + place / 7 * 11
            return Int32(5 + mixed % 50)
        }
        let bytes = ids.withUnsafeBytes { Array($0) }
        let storage = TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        let tensor = try #require(Tensor(dtype: .int32, shape: [rows, columns], storage: storage))
        var archive = try NumPyArchiveWriter(path: scratch("ids.npz"))
        try archive.append(tensor, named: "input_ids")
        try archive.close()
        return scratch("ids.npz")
    }

    private func bytes(of path: String) throws -> Int {
        let document = try JSONSerialization.jsonObject(
            with: Data(try Command.run("inspect", path, "--json").output.utf8))
        return try #require(((document as? [String: Any])?["totals"] as? [String: Any])?["parameterBytes"] as? Int)
    }

    private func steps(_ outcome: Command.Outcome) -> [String] {
        outcome.errors.split(separator: "\n").filter { $0.contains(/: [0-9.]+ s$/) }.map(String.init)
    }

    @Test("what healing would split is refused before any work, whatever the budget")
    func refusal() throws {
        let data = try calibration()
        for budget in [
            ["--budget", "1/3"], ["--budget", "maps:1/4"], ["--allow", "ranks", "--budget", "macs:2%@12"],
        ] {
            let outcome = try Command.Running(
                ["convert", model, "--calibration", data, "-o", scratch("x.reuse.h5")] + budget
            ).wait()
            #expect(outcome.status == 2 && outcome.message.contains("allow it with --unshare"), "\(outcome.errors)")
            #expect(steps(outcome).isEmpty, "\(outcome.errors)")
        }
    }

    @Test("what the refusal advises is not refused after the analysis: whole layers are replaced, and nothing grows")
    func advice() throws {
        let data = try calibration()
        let outcome = try Command.run(
            "convert", model, "--calibration", data, "--budget", "1/3", "--heal", "none", "-o", scratch("x.reuse.h5"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let notes = outcome.errors.split(separator: "\n")
        let note = try #require(notes.firstIndex { $0.contains("1/3 replaces whole layers") })
        #expect(try note < #require(notes.firstIndex { $0.contains(/: [0-9.]+ s$/) }))
        #expect(try bytes(of: scratch("x.reuse.h5")) <= bytes(of: model))
    }

    @Test("a plan is refused at once where it changes shared layers, and taken where it changes none")
    func plans() throws {
        let data = try calibration()
        let analysis = scratch("a.json"), plan = scratch("p.json")
        #expect(try Command.run("analyze", model, "--calibration", data, "-o", analysis).status == 0)
        #expect(try Command.run("plan", analysis, "--budget", "maps:1/3", "-o", plan).status == 0)
        let refused = try Command.run(
            "convert", model, "--calibration", data, "--plan", plan, "-o", scratch("x.reuse.h5"))
        #expect(refused.status == 2 && refused.message.contains("--unshare") && steps(refused).isEmpty)
        #expect(try Command.run("plan", analysis, "--budget", "maps:0", "-o", plan, "--force").status == 0)
        let taken = try Command.run(
            "convert", model, "--calibration", data, "--plan", plan, "-o", scratch("x.reuse.h5"))
        #expect(taken.status == 0, "\(taken.errors)")
    }
}
