import Files
import Foundation
import Platform
import TestSupport
import Testing

@Suite("Analyses in shards")
struct ShardCommandTests {
    private let scratch = Scratch()

    private func run(_ arguments: [String]) throws -> Command.Outcome { try Command.Running(arguments).wait() }

    private func texts(_ model: String) throws -> [String] {
        let source = model == Command.fixture ? model + "/calibration.txt" : Repository.fixture("texts/calibration.txt")
        return [
            "--calibration", try scratch.lines(48, of: source, as: "texts.txt"), "--max-length", "24", "--quiet",
        ]
    }

    /// The parts of a cut, one after the other.
    private func parts(
        _ count: Int, _ model: String, _ more: [String], as name: String = "part", from first: Int = 1
    ) throws -> [String] {
        try (first..<first + count).map { index in
            let path = scratch("\(name)-\(index)-of-\(count).analysis")
            let outcome = try run(["analyze", model, "--shard", "\(index)/\(count)", "-o", path, "--force"] + more)
            try #require(outcome.status == 0, "\(outcome.errors)")
            return path
        }
    }

    private func bytes(_ name: String) throws -> Data { try Data(contentsOf: scratch.url(name)) }

    @Test(
        "1, 3 and 16 shards give the bytes of one process, and so does a first stage of maps alone",
        arguments: ["encoder", "gpt"])
    func sameBytes(fixture: String) throws {
        let model = Repository.fixture(fixture)
        let texts = try texts(model)
        let whole = try run(["analyze", model, "-o", scratch("whole.json")] + texts)
        try #require(whole.status == 0, "\(whole.errors)")
        for count in [1, 3, 16] {
            // Engines that count from 0 name the same shards.
            let parts = try parts(count, model, texts, from: count == 3 ? 0 : 1)
            let merged = try run(["merge", "-o", scratch("m.json"), "--force"] + parts.reversed())
            #expect(merged.status == 0, "\(merged.errors)")
            #expect(try bytes("m.json") == bytes("whole.json"), "\(count) shards")
            if count == 3 {
                try Converted.keep(String(contentsOfFile: parts[0], encoding: .utf8), as: "shard.json")
            }
        }
        let maps = try parts(3, model, texts + ["--stage", "maps"], as: "maps")
        let sums = try run(["merge", "-o", scratch("maps.analysis")] + maps)
        #expect(sums.status == 0, "\(sums.errors)")
        let parts = try parts(2, model, texts + ["--maps", scratch("maps.analysis")])
        let merged = try run(["merge", "-o", scratch("m.json"), "--force"] + parts)
        #expect(merged.status == 0, "\(merged.errors)")
        #expect(try bytes("m.json") == bytes("whole.json"))
    }

    @Test("merge names what is foreign, missing, double, damaged or no part at all")
    func refusals() throws {
        let texts = try texts(Command.fixture)
        let parts = try parts(2, Command.fixture, texts)
        func merging(_ paths: [String]) throws -> Command.Outcome {
            try run(["merge", "-o", scratch("no.json")] + paths)
        }
        let gpt = try self.parts(2, Repository.fixture("gpt"), texts, as: "gpt")
        let other = try self.parts(2, Command.fixture, texts + ["--pool", "first"], as: "pool")
        let fewer = try self.parts(2, Command.fixture, texts + ["--max-length", "16"], as: "fewer")
        let three = try self.parts(3, Command.fixture, texts, as: "three")
        for (paths, name, reason) in [
            ([parts[0], gpt[1]], gpt[1], "another model"), ([parts[0], other[1]], other[1], "--pool"),
            ([parts[0], fewer[1]], fewer[1], "other texts"), ([parts[0], three[1]], three[1], "shard 2/3"),
            ([parts[0], parts[0]], parts[0], "given"), ([parts[0], parts[0], parts[1]], parts[0], "each part once"),
            ([parts[1]], parts[1], "missing is shard 1/2"),
            ([parts[0], try Converted.shared.get().analysis], "analysis.json", "is no part"),
        ] {
            let outcome = try merging(paths)
            #expect(outcome.status == 2, "\(outcome.errors)")
            #expect(outcome.message.contains(name))
            if reason != "given" { #expect(outcome.message.contains(reason), "\(outcome.message)") }
        }
        let text = try String(contentsOfFile: parts[1], encoding: .utf8)
        for (number, damaged) in [
            String(text.prefix(text.count / 2)), text.replacing("\"index\" : 2", with: "\"index\" : 1"), "no JSON", "",
        ].enumerated() {
            let path = try scratch.file("damaged-\(number)", contents: damaged).path
            let outcome = try merging([parts[0], path])
            #expect(outcome.status == 5, "\(number): \(outcome.errors)")
            #expect(outcome.message.contains(path))
        }
        // Sums of maps stand in the part that compares some.
        let contents = try parts.map { try String(contentsOfFile: $0, encoding: .utf8) }
        let holder = try #require(contents.firstIndex { $0.contains("\"level\" : ") })
        let forged = try scratch.file(
            "forged", contents: contents[holder].replacing("\"level\" : ", with: "\"level\" : 9")
        ).path
        let outcome = try merging([forged, parts[1 - holder]])
        #expect(outcome.status == 5 && outcome.message.contains(forged), "\(outcome.errors)")
        #expect(try merging([parts[0], scratch("nothing")]).status == 6)
        #expect(!scratch.names.contains("no.json"))
        for wrong in ["0", "1/0", "4/3", "-1/3", "1/3/5", "a/b", "", "1/99999999999999999999"] {
            #expect(try run(["analyze", Command.fixture, "--shard=\(wrong)", "-o", "x"] + texts).status == 2)
        }
        // A part made of other sums of maps than those of this analysis.
        let maps = try self.parts(1, Repository.fixture("gpt"), texts + ["--stage", "maps"], as: "maps")
        let wrong = try run(
            ["analyze", Command.fixture, "--shard", "1/2", "--maps", maps[0], "-o", scratch("x.analysis")] + texts)
        #expect(wrong.status == 2 && wrong.message.contains(maps[0]), "\(wrong.errors)")
    }

    @Test("a run that is killed at any moment goes on with --resume to the same bytes, alone or as a shard")
    func killed() throws {
        let texts = try texts(Command.fixture)
        let clock = ContinuousClock()
        var whole = Data(), part = Data()
        let duration = try clock.measure {
            let outcome = try run(["analyze", Command.fixture, "-o", scratch("whole.json")] + texts)
            try #require(outcome.status == 0, "\(outcome.errors)")
            whole = try bytes("whole.json")
        }
        part = try Data(contentsOf: URL(fileURLWithPath: try parts(2, Command.fixture, texts)[0]))
        var random = SeededGenerator(seed: 5)
        for (more, expected) in [([String](), whole), (["--shard", "1/2"], part)] {
            let folder = scratch("kept\(more.count)"), output = scratch("resumed\(more.count)")
            let arguments =
                ["analyze", Command.fixture, "-o", output, "--resume", folder, "--force"] + texts + more
            for _ in 0..<5 {
                let running = try Command.Running(arguments)
                usleep(UInt32(duration / .microseconds(1) * Double.random(in: 0.1...0.9, using: &random)))
                kill(running.process.processIdentifier, SIGKILL)
                _ = try running.wait()
            }
            let outcome = try run(arguments)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == expected)
        }
        let other = try run(
            ["analyze", Command.fixture, "-o", scratch("x.json"), "--resume", scratch("kept0")] + texts
                + ["--pool", "first"])
        #expect(other.status == 2 && other.message.contains(scratch("kept0")), "\(other.errors)")
    }

    @Test("a conversion that is killed at any moment goes on with --resume to the same file")
    func killedConversion() throws {
        let texts = try texts(Command.fixture)
        let arguments = ["convert", Command.fixture, "--budget", "macs:20%@24"] + texts
        let clock = ContinuousClock()
        let duration = try clock.measure {
            let outcome = try run(arguments + ["-o", scratch("whole.reuse.h5")])
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
        let resuming = arguments + ["-o", scratch("resumed.reuse.h5"), "--resume", scratch("kept"), "--force"]
        var random = SeededGenerator(seed: 6)
        for _ in 0..<6 {
            let running = try Command.Running(resuming)
            usleep(UInt32(duration / .microseconds(1) * Double.random(in: 0.1...0.9, using: &random)))
            kill(running.process.processIdentifier, SIGKILL)
            _ = try running.wait()
        }
        let outcome = try run(resuming)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bytes("resumed.reuse.h5") == bytes("whole.reuse.h5"))
        // All refits are kept now, and used.
        let refits = try FileManager.default.contentsOfDirectory(atPath: scratch("kept")).filter {
            $0.hasPrefix("refit-")
        }
        #expect(!refits.isEmpty)
        let again = try run(resuming)
        #expect(again.status == 0, "\(again.errors)")
        #expect(try bytes("resumed.reuse.h5") == bytes("whole.reuse.h5"))
        // What is kept of other texts is refused by name, and so is a refit that was changed.
        let path = scratch("kept") + "/" + (try #require(refits.min()))
        let other = try run(resuming + ["--analysis", try Converted.shared.get().analysis, "--pool", "first"])
        #expect(other.status == 2, "\(other.errors)")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("\"number\" : 0", with: "\"number\" : 7")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let damaged = try run(resuming)
        #expect(damaged.status == 5 && damaged.message.contains(path), "\(damaged.errors)")
        // One that somebody made, digest and all: 2⁵⁹ more rows of 96 columns are as many numbers, modulo 2⁶⁴.
        let rows = try #require(text.firstMatch(of: /"rows" : (\d+)/))
        let count = try #require(Int(rows.output.1))
        let absurd = text.replacing(rows.output.0, with: "\"rows\" : \(count + (1 << 59))")
        try signed(absurd).write(toFile: path, atomically: true, encoding: .utf8)
        let forged = try run(resuming)
        #expect(forged.status == 5 && forged.message.contains("has not"), "\(forged.errors)")
    }

    /// A document with the digest that belongs to it.
    private func signed(_ text: String) throws -> String {
        let digest = /\n  "digest" : "[0-9a-f]*"/
        let unsigned = text.replacing(digest, with: "\n  \"digest\" : \"\"")
        return unsigned.replacing(digest, with: "\n  \"digest\" : \"\(Digest(of: Array(unsigned.utf8)).hex)\"")
    }

    @Test("--dry-run says time, memory and disk, and leaves nothing", arguments: ["analyze", "convert"])
    func dryRun(command: String) throws {
        let more = command == "convert" ? ["--budget", "1/3"] : []
        let outcome = try run(
            [command, Command.fixture, "-o", scratch("out"), "--dry-run"] + more + (try texts(Command.fixture)))
        #expect(outcome.status == 0, "\(outcome.errors)")
        for word in ["time ", "memory ", "disk ", scratch("out")] { #expect(outcome.output.contains(word)) }
        #expect(scratch.names == ["texts.txt"])
    }
}
