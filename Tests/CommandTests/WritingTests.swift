import Foundation
import TestSupport
import Testing

@Suite("run: writing and pictures as the files say")
struct WritingTests {
    private let scratch = Scratch()

    /// A copy of the language model of fixtures/gpt with another generation_config.json.
    private func model(_ generation: String) throws -> String {
        let folder = scratch.url("gpt")
        try FileManager.default.copyItem(at: Command.root.appending(path: "fixtures/gpt"), to: folder)
        let file = folder.appending(path: "generation_config.json")
        try FileManager.default.removeItem(at: file)
        try Data(generation.utf8).write(to: file)
        return folder.path
    }

    private func ids(_ outcome: Command.Outcome) throws -> [Int] {
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let texts = try #require(document["texts"] as? [[String: Any]])
        return try #require(texts.first?["ids"] as? [Int])
    }

    private func written(_ model: String, _ more: String...) throws -> Command.Outcome {
        try Command.Running(
            ["run", model, "--generate", "--prompt", "ROMEO:", "--max-new-tokens", "6", "--json"] + more
        ).wait()
    }

    @Test("exit 2: a prompt that is longer than what the model reads is an error with both lengths")
    func longPrompt() throws {
        let prompt = String(repeating: "wherefore art thou ", count: 60)
        let outcome = try Command.run(
            "run", Command.root.appending(path: "fixtures/gpt").path, "--generate", "--prompt", prompt)
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(outcome.message.contains("prompt 1: has ") && outcome.message.contains("the model reads 128 at most"))
    }

    @Test("what generation_config.json asks for is done, and what is done in another way is told")
    func settings() throws {
        let plain = try ids(try written(Command.root.appending(path: "fixtures/gpt").path))
        let first = try #require(plain.first)
        let model = try self.model(
            #"{"eos_token_id": 0, "suppress_tokens": [\#(first)], "do_sample": true, "top_k": 5, "num_beams": 3}"#)
        let outcome = try written(model)
        #expect(try outcome.status == 0 && !ids(outcome).contains(first))
        #expect(outcome.errors.contains("do_sample") || outcome.errors.contains("drawing (top_k 5)"))
        #expect(outcome.errors.contains("num_beams 3"))
        // Drawing as the user asks needs no word.
        let drawn = try written(model, "--top-k", "5")
        #expect(!drawn.errors.contains("drawing"))
    }

    @Test("exit 4: a setting that is not done is refused by key and value, and passed over where the user says so")
    func refused() throws {
        let model = try self.model(#"{"eos_token_id": 0, "guidance_scale": 2.5}"#)
        let outcome = try written(model)
        #expect(outcome.status == 4)
        #expect(outcome.message.contains("guidance_scale") && outcome.message.contains("2.5"))
        #expect(try written(model, "--ignore-config", "guidance_scale").status == 0)
    }

    @Test("a picture that cannot be read is listed and left out; --strict makes it an error, exit 5")
    func pictures() throws {
        let folder = scratch.url("pictures")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let images = Command.root.appending(path: "fixtures/images")
        for (name, source) in [("a.png", "rgb.png"), ("b.png", "hostile/cut.png"), ("c.jpg", "rgb.jpg")] {
            try FileManager.default.copyItem(
                at: images.appending(path: source), to: folder.appending(path: name))
        }
        let vit = Command.root.appending(path: "fixtures/vit").path
        let arguments = ["run", vit, "--images", folder.path, "--dump", "inputs,logits", "-o", scratch("o.npz")]
        let outcome = try Command.Running(arguments).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("b.png") && outcome.errors.contains("1 of 3 pictures cannot be read"))
        let strict = try Command.Running(arguments + ["--force", "--strict"]).wait()
        #expect(strict.status == 5 && strict.message.contains("b.png"))
        let classes = try Command.run("run", vit, "--images", folder.path, "--json")
        #expect(classes.status == 0 && classes.errors.contains("b.png") && !classes.output.contains("b.png"))
    }
}
