import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// A page of ours, read by an XML parser: it is well-formed but for its first line.
private struct ParsedPage {
    let document: XMLDocument

    init(_ html: String) throws {
        document = try XMLDocument(xmlString: String(html.split(separator: "\n", maxSplits: 1).last ?? ""))
    }

    func elements(_ path: String) throws -> [XMLElement] {
        try document.nodes(forXPath: path).compactMap { $0 as? XMLElement }
    }

    /// The text of all elements at a path.
    func texts(_ path: String) throws -> [String] { try elements(path).map { $0.stringValue ?? "" } }
}

@Suite("The report of a command")
struct ReportCommandTests {
    private func converted() throws -> ParsedPage {
        try ParsedPage(String(contentsOfFile: Converted.shared.get().report, encoding: .utf8))
    }

    /// What the system's own tool says about a file.
    private func digest(of path: String) throws -> String {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [path]
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output.prefix(64), as: UTF8.self)
    }

    @Test("the page answers first, then says what is gained and lost, then how it was measured")
    func order() throws {
        let page = try converted()
        let titles = try page.texts("//h1 | //h2")
        let wanted = [
            "small.reuse.h5", "Is it good enough to take the place of its source?", "What you gain", "What you lose",
            "Speed", "Fidelity", "Plan", "Similarity of attention maps", "Quality against savings", "Healing",
            "How it was made",
        ]
        #expect(titles == wanted)
        // Forty texts keep back few: the answer says so rather than yes, or it is no.
        let answer = try #require(try page.texts("//p[@class='answer']").first)
        #expect(answer.contains("Cannot tell") || answer.contains("No"))
        let note = try #require(try page.texts("//div[contains(@class,'verdict')]/p[@class='note']").first)
        #expect(note.contains("No gates were given") && note.contains("--fail-on"))
    }

    @Test("everything drawn has words for who does not see it, and every table a caption and scopes")
    func accessibility() throws {
        let page = try converted()
        let drawings = try page.elements("//*[local-name()='svg'] | //*[@role='img']")
        #expect(drawings.count >= 4)
        for drawing in drawings {
            // Asked by name, attributes of elements in a namespace are not found everywhere.
            func attribute(_ name: String) -> String? { drawing.attributes?.first { $0.name == name }?.stringValue }
            #expect(attribute("role") == "img")
            #expect((attribute("aria-label") ?? "").count > 20)
        }
        let tables = try page.elements("//table")
        #expect(tables.count >= 5)
        for table in tables {
            #expect(table.elements(forName: "caption").first?.stringValue?.isEmpty == false)
        }
        #expect(try page.elements("//th[not(@scope)]").isEmpty)
        #expect(try page.elements("//th[@scope='col'][normalize-space(.)='']").isEmpty)
        #expect(try page.elements("//tbody/tr[not(th[@scope='row'])]").isEmpty)
        // What scrolls is reached by the keyboard and has a name.
        for region in try page.elements("//div[@class='scroll']") {
            #expect(region.attribute(forName: "tabindex")?.stringValue == "0")
            #expect(region.attribute(forName: "aria-label")?.stringValue?.isEmpty == false)
        }
        #expect(try page.elements("//script | //link | //img").isEmpty)
        #expect(try page.elements("//html[@lang='en']").count == 1)
    }

    @Test("the page and the document of verify name the files, their digests, the data, and the command line")
    func provenance() throws {
        let converted = try Converted.shared.get()
        let scratch = Scratch()
        let arguments = [
            "verify", Command.fixture, converted.model, "--data", converted.heldOut, "--timing", "--report",
            scratch("a page.html"), "--json",
        ]
        let outcome = try Command.Running(arguments).wait()
        try #require(outcome.status == 0, "\(outcome.errors)")
        try Converted.keep(outcome.output, as: "report-circumstances.json")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let circumstances = try #require(document["circumstances"] as? [String: Any])
        #expect(circumstances["arguments"] as? [String] == arguments)
        #expect(circumstances["data"] as? [String] == ["heldout.txt"])
        let page = try ParsedPage(String(contentsOfFile: scratch("a page.html"), encoding: .utf8))
        let facts = try page.texts("//section[h2='How it was made']//dd").joined(separator: "\n")
        for (key, path) in [("source", Command.fixture + "/tf_model.h5"), ("converted", converted.model)] {
            let file = try #require((circumstances[key] as? [[String: Any]])?.first)
            let sum = try digest(of: path)
            #expect(file["sha256"] as? String == sum)
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            #expect(file["bytes"] as? Int == size)
            #expect(facts.contains(sum))
        }
        let command = try page.texts("//p[@class='command']").joined()
        #expect(command.contains("'\(scratch("a page.html"))'"), "arguments with spaces are quoted")
        #expect(try page.texts("//section[h2='Fidelity']/p").first?.contains("of heldout.txt") == true)
        #expect(try page.texts("//p").allSatisfy { !$0.contains("kept back") })
    }

    @Test("the numbers at the top of the page are those of the document")
    func agreement() throws {
        let converted = try Converted.shared.get()
        let scratch = Scratch()
        let outcome = try Command.run(
            "verify", Command.fixture, converted.model, "--data", converted.heldOut, "--timing", "--report",
            scratch("r.html"), "--json", "--fail-on", "hidden.cosine.mean<0.2")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let speed = try #require(document["speed"] as? [[String: Any]])
        let seconds = speed.compactMap { $0["seconds"] as? Double }
        let ratio = try #require(speed.last?["speedup"] as? Double)
        #expect(abs(seconds[0] / seconds[1] - ratio) < 1e-9)
        let page = try ParsedPage(String(contentsOfFile: scratch("r.html"), encoding: .utf8))
        let values = try page.texts("//li[@class='figure']/span[@class='value']")
        #expect(values.contains(String(format: "%.2f ×", ratio)))
        let metrics = try #require(document["metrics"] as? [[String: Any]])
        let measured = try #require(metrics.first { $0["metric"] as? String == "perplexity.ratio" })
        let perplexity = try #require(measured["value"] as? Double)
        #expect(values.contains(String(format: "%.5f", perplexity)))
        #expect((document["verdict"] as? [String: Any])?["outcome"] as? String == "good")
        #expect(try page.texts("//p[@class='answer']").first?.contains("Yes, by your gates") == true)
    }

    @Test("the last line of a conversion says size, work, speed and score, and on what")
    func lastLine() throws {
        let errors = try Converted.shared.get().outcome.errors
        let lines = errors.split(separator: "\n")
        let line = try #require(lines.first { $0.contains("wrote") && $0.contains(".reuse.h5") })
        let pattern =
            #/wrote .*small\.reuse\.h5: [0-9.]+ [kMG]?B \([−+][0-9.]+ %\), −[0-9.]+ % multiply-adds at 128 tokens, /#
        #expect(line.contains(pattern), "\(line)")
        #expect(line.contains(#/[0-9.]+ × as fast at 32×128 \([0-9.]+–[0-9.]+\), /#), "\(line)")
        #expect(
            line.contains(#/perplexity\.ratio [0-9.]+ \([0-9.]+ to [0-9.]+\) on [0-9]+ texts kept back$/#), "\(line)")
    }

    @Test("inspect says the most that reuse could save, of each kind")
    func inspect() throws {
        let outcome = try Command.run("inspect", Command.fixture)
        for words in [
            "largest saving by reuse", "attention maps", "multiply-adds at 128 tokens", "of attention alone",
            "bytes of weights", "× as fast",
        ] {
            #expect(outcome.output.contains(words), "\(words)")
        }
        let json = try Command.run("inspect", Command.fixture, "--json").output
        let document = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let largest = try #require(document["largest"] as? [String: Any])
        #expect((largest["maps"] as? [String: Int]) == ["now": 36, "least": 1])
        // A budget beyond it is refused before a text is read.
        let greedy = try Command.run(
            "convert", Command.fixture, "--calibration", Command.fixture + "/calibration.txt", "--budget", "bytes:60%",
            "--allow", "reuse,blend,static", "-o", "x.reuse.h5")
        #expect(greedy.status == 2 && greedy.message.contains("largest saving that this model allows"))
        #expect(!greedy.errors.contains("Comparing"))
    }
}
