import Foundation
import TestSupport
import Testing

@Suite("Errors of numbers, and texts that were cut")
struct NumberEvalTests {
    private let scratch = Scratch()

    private func keras(_ name: String) -> (model: String, reference: String) {
        let folder = Command.root.appending(path: "fixtures/keras/\(name)").path
        return ("\(folder)/model.keras", "\(folder)/reference.npz")
    }

    @Test("a forecast's labels are arrays: its framework's own outputs are met without error")
    func forecast() throws {
        let (model, reference) = keras("keras3_norms")
        let outcome = try Command.run("eval", model, model, "--labelled", reference, "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let rows = try #require(document["results"] as? [[String: Any]])
        #expect(rows.map { $0["measure"] as? String } == ["mae", "r2"])
        let values = rows.compactMap { $0["values"] as? [Double] }
        #expect(values.count == 2 && values.allSatisfy { $0.count == 2 })
        #expect(values[0].allSatisfy { $0 < 1e-5 } && values[1].allSatisfy { abs($0 - 1) < 1e-5 })
    }

    @Test("verify measures and judges the same, and asks for labels where a gate needs them")
    func gates() throws {
        let (model, reference) = keras("keras3_norms")
        let unlabelled = try Command.run("verify", model, model, "--data", reference, "--fail-on", "mae>0.1")
        #expect(unlabelled.status == 2 && unlabelled.errors.contains("--labels"), "\(unlabelled.errors)")
        let good = try Command.run(
            "verify", model, model, "--labelled", reference, "--fail-on", "mae>0.1", "--fail-on", "r2<0.9")
        #expect(good.status == 0 && good.output.contains("mae"), "\(good.errors)")
        let bad = try Command.run("verify", model, model, "--labelled", reference, "--fail-on", "mae<0.1")
        #expect(bad.status == 3, "\(bad.errors)")
    }

    @Test("every command that reads texts says on one line how many it cut")
    func truncation() throws {
        try scratch.file("texts.txt", contents: "the dog\nthe dog runs over the fence and away again\n")
        try scratch.file("pairs.tsv", contents: "1\ta\tb c\n2\ta\tb c d e f g h i j k\n3\tq\tr s t u v w x y\n")
        let encoder = Command.fixture
        let eval = try Command.run("eval", encoder, "--pairs", scratch("pairs.tsv"), "--max-length", "6")
        #expect(eval.status == 0 && eval.errors.contains("2 texts were cut to 6 tokens"), "\(eval.errors)")
        let verify = try Command.run(
            "verify", encoder, encoder, "--data", scratch("texts.txt"), "--max-length", "6")
        #expect(verify.status == 0 && verify.errors.contains("1 text was cut to 6 tokens"), "\(verify.errors)")
        let whole = try Command.run("verify", encoder, encoder, "--data", scratch("texts.txt"))
        #expect(whole.status == 0 && !whole.errors.contains("cut to"), "\(whole.errors)")
    }
}
