import Foundation
import TestSupport
import Testing

@Suite("What commands say of what they made")
struct AnswerTests {
    private let scratch = Scratch()

    @Test("plan tells maps, work, bytes and the speed that follows")
    func plan() throws {
        let converted = try Converted.shared.get()
        let outcome = try Command.run("plan", converted.analysis, "--budget", "1/3", "-o", scratch("plan.json"))
        #expect(outcome.status == 0)
        for words in ["of the maps", "of the multiply-adds at", "predicted to be", "of the bytes ("] {
            #expect(outcome.output.contains(words) || outcome.errors.contains(words), "\(words): \(outcome.output)")
        }
        #expect(outcome.errors.contains("wrote \(scratch("plan.json"))"), "\(outcome.errors)")
    }

    @Test("run and analyze say what they wrote, and where")
    func written() throws {
        let converted = try Converted.shared.get()
        let run = try Command.run("run", Command.fixture, "--texts", converted.heldOut, "-o", scratch("rows.npy"))
        #expect(run.errors.contains("wrote \(scratch("rows.npy")): 8 rows of "), "\(run.errors)")
        let analyzed = try Command.Running(
            ["analyze", Command.fixture, "-o", scratch("a.json")] + converted.calibration
        ).wait()
        #expect(analyzed.errors.contains("wrote \(scratch("a.json"))"), "\(analyzed.errors)")
    }

    @Test("inspect says how a text becomes an embedding, and where texts are cut")
    func embedding() throws {
        let outcome = try Command.run("inspect", Repository.fixture("sentences/layer_norm"))
        let words = "embedding: mean of tokens, layer norm · texts cut to 64 tokens"
        #expect(outcome.output.contains(words), "\(outcome.output.prefix(600))")
    }

    @Test("fewer tokens than twenty texts have draw twenty texts all the same")
    func fewTokens() throws {
        let outcome = try Command.run(
            "analyze", Command.fixture, "--calibration", Command.fixture + "/calibration.txt",
            "--calibration-tokens", "30", "-o", scratch("a.json"))
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
