import Foundation
import TestSupport
import Testing

@Suite("convert and plan: layers that stay, gates, the analysis")
struct LayerOptionTests {
    private let scratch = Scratch()

    /// Heads that compute no map, by node, of a plan's JSON.
    private func replaced(_ plan: String) throws -> [String: Int] {
        var document = try #require(try JSONSerialization.jsonObject(with: Data(plan.utf8)) as? [String: Any])
        // `inspect` has the plan of a converted model among other things.
        if let inner = document["plan"] as? [String: Any] { document = inner }
        var result: [String: Int] = [:]
        for layer in try #require(document["layers"] as? [[String: Any]]) {
            let node = try #require(layer["node"] as? String)
            let heads = try #require(layer["heads"] as? [[String: Any]])
            result[node] = heads.count { $0["source"] as? String != "computed" }
        }
        return result
    }

    private func plan(_ more: String...) throws -> [String: Int] {
        let analysis = try Converted.shared.get().analysis
        let outcome = try Command.Running(["plan", analysis, "--json"] + more).wait()
        try #require(outcome.status == 0, "\(outcome.errors)")
        return try replaced(outcome.output)
    }

    @Test("--keep and --only leave the other layers as they are, by name, by number, for heads and whole layers")
    func layers() throws {
        let all = try plan("--budget", "1/3")
        #expect(all.values.reduce(0, +) == 12)
        for granularity in ["head", "layer"] {
            let kept = try plan(
                "--budget", "1/6", "--granularity", granularity, "--keep", "layer_5", "--keep", "4", "--keep",
                "layer_3/attention")
            #expect(kept["layer_5/attention"] == 0 && kept["layer_4/attention"] == 0 && kept["layer_3/attention"] == 0)
            #expect(kept.values.reduce(0, +) == 6)
        }
        let only = try plan("--budget", "1/12", "--only", "layer_2", "--only", "5")
        #expect(
            only.filter { $0.value > 0 }.keys.allSatisfy { ["layer_2/attention", "layer_5/attention"].contains($0) })
        #expect(only.values.reduce(0, +) == 3)
        let both = try plan("--budget", "1/36", "--only", "2", "--only", "5", "--keep", "2")
        #expect(both.filter { $0.value > 0 } == ["layer_5/attention": 1])
    }

    @Test(
        "a layer that is not there is refused with the nearest name, as is what the open layers cannot save",
        arguments: [
            (["--keep", "layr_3"], "did you mean \"layer_3\""), (["--only", "6"], "it has 6, from 0"),
            (["--only", "layer_5", "--budget", "1/2"], "the largest saving that this model allows is 16.7 %"),
        ])
    func refused(arguments: [String], mention: String) throws {
        let analysis = try Converted.shared.get().analysis
        let budget = arguments.contains("--budget") ? [] : ["--budget", "1/3"]
        let outcome = try Command.Running(["plan", analysis] + budget + arguments).wait()
        #expect(outcome.status == 2 && outcome.message.contains(mention), "\(outcome.errors)")
    }

    /// A document's members.
    private func members(_ path: String) throws -> NSMutableDictionary {
        let value = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        return NSMutableDictionary(dictionary: try #require(value as? [String: Any]))
    }

    @Test("convert writes the analysis that analyze writes, keeps layers, and leaves no file that fails a gate")
    func converting() throws {
        let converted = try Converted.shared.get()
        let base = ["convert", Command.fixture, "--budget", "1/6"] + converted.calibration
        let made = try Command.Running(
            base + ["--keep", "layer_4", "--analysis-out", scratch("a.json"), "-o", scratch("k.reuse.h5")]
        ).wait()
        #expect(made.status == 0, "\(made.errors)")
        // Of maps: a budget that replaces maps measures no neurons.
        let own = try members(scratch("a.json"))
        let whole = try members(converted.analysis)
        for key in ["neurons", "linear", "ranks", "tokens"] where own[key] == nil { whole.removeObject(forKey: key) }
        #expect(own.isEqual(whole) && own["curves"] != nil)
        let inspected = try replaced(Command.run("inspect", scratch("k.reuse.h5"), "--json").output)
        #expect(inspected["layer_4/attention"] == 0 && inspected.values.reduce(0, +) == 6)

        let gated = base + ["--analysis", converted.analysis, "-o", scratch("g.reuse.h5"), "--fail-on"]
        let strict = try Command.Running(gated + ["hidden.cosine.mean<0.999999"]).wait()
        #expect(strict.status == 3 && strict.message.contains("g.reuse.h5 was not written"))
        #expect(strict.message.contains("hidden.cosine.mean is") && strict.output.contains("failed"))
        #expect(scratch.names == ["a.json", "k.reuse.h5"])
        let lenient = try Command.Running(gated + ["maps.saved<0.1"]).wait()
        #expect(lenient.status == 0 && scratch.names.contains("g.reuse.h5"), "\(lenient.errors)")
    }

    @Test(
        "what does not go together is told before anything is read",
        arguments: [
            (["--plan", "p.json", "--keep", "1"], "--keep and --only"),
            (["--plan", "p.json", "--analysis-out", "a.json"], "--analysis-out"),
            (["--budget", "1/3", "--fail-on", "speedup<1"], "convert does not measure it"),
            (["--budget", "1/3", "--fail-on", "hidden.cosine.mean<97"], "from -1 to 1"),
        ])
    func combinations(arguments: [String], mention: String) throws {
        let outcome = try Command.Running(
            ["convert", "nowhere", "--calibration", "t.txt", "-o", "x.reuse.h5"] + arguments
        ).wait()
        #expect(outcome.status == 2 && outcome.errors.contains(mention), "\(outcome.errors)")
    }
}
