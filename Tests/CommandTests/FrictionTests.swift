import Foundation
import TestSupport
import Testing

/// Every mistake that people were seen to make, as a process: what is said, how it ends, and that it is said before any
/// work is done. docs/mistakes.md lists them.
@Suite("What is known first is checked first")
struct FrictionTests {
    /// Work that may have been done when a mistake is told.
    enum Moment: Sendable {
        /// Nothing was opened but what the mistake is about.
        case atOnce
        /// The model was read, because what is wrong can be known from it only.
        case afterReading
        /// The data were read to the line that is wrong.
        case withTheData
    }

    /// A command line in the scratch folder, how it ends, and what it says.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let line: String
        let status: Int32
        let mentions: [String]
        let moment: Moment

        init(_ line: String, _ status: Int32, _ mentions: String..., after moment: Moment = .atOnce) {
            self.line = line
            self.status = status
            self.mentions = mentions
            self.moment = moment
        }

        var testDescription: String { line }
    }

    static let convert = "convert MODEL --calibration t.txt"

    static let outputs = [
        Mistake("\(convert) --budget 1/3 -o missing/x.reuse.h5", 6, "there is no folder missing/; make it first"),
        Mistake("\(convert) --budget 1/3 -o t.txt/x.reuse.h5", 6, "t.txt"),
        Mistake("\(convert) --budget 1/3 --report missing/r.html -o x.reuse.h5", 6, "there is no folder missing/"),
        Mistake(
            "\(convert) --budget 1/3 --analysis-out missing/a.json -o x.reuse.h5", 6, "there is no folder missing/"),
        Mistake("verify MODEL MODEL --data t.txt --junit missing/v.xml", 6, "there is no folder missing/"),
        Mistake("run MODEL --texts t.txt -o missing/e.npy", 6, "there is no folder missing/"),
        Mistake("\(convert) --budget 1/3 -o model.onnx", 2, "says .onnx", ".reuse.h5"),
        Mistake("\(convert) --budget 1/3 -o model.safetensors", 2, "says .safetensors", ".reuse.h5"),
        Mistake("\(convert) --budget 1/3 --report r.json -o x.reuse.h5", 2, "says .json", ".html"),
        Mistake("run MODEL --texts t.txt -o e.csv", 2, "says .csv", ".npy"),
        Mistake("extract MODEL -o x.h5", 2, "says .h5", ".npy"),
        Mistake("\(convert) --budget 1/3 -o t.txt", 2, "says .txt"),
        Mistake("run MODEL --texts t.txt -o old.npy", 6, "exists already; give --force"),
        Mistake("\(convert) --budget 1/3 -o -", 2, "give the name of a file"),
    ]

    static let metrics = [
        Mistake(
            "\(convert) --budget quality:hidden.cosine.maen>=0.98 -o x.reuse.h5", 2, "no metric", "hidden.cosine.mean"),
        Mistake("\(convert) --budget 33 -o x.reuse.h5", 2, "1/3, 0.33 or 33%"),
        Mistake("\(convert) --budget hours:3 -o x.reuse.h5", 2, "macs, bytes, speed and quality"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on speedup<1", 2, "--timing"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on accuracy<0.9", 2, "--labels"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on spearman<0.9", 2, "--pairs"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on hidden.cosine.mean<97", 2, "from -1 to 1"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on niceness<1", 2, "no metric \"niceness\"", "top1.agreement"),
        Mistake("\(convert) --budget 1/3 -o x.reuse.h5 --fail-on speedup<1", 2, "convert does not measure it"),
    ]

    static let words = [
        Mistake("convert MODEL --budegt 1/3 -o x.reuse.h5", 2, "'--budegt'", "Did you mean '--budget'?"),
        Mistake(
            "convert MODEL --calibration-data t.txt --budget 1/3 -o x.reuse.h5", 2, "'--calibration-data'",
            "'--calibration"),
        Mistake("run MODEL --text hello", 2, "'--text'", "'--texts'"),
        Mistake("run MODEL hello -o x.npy", 2, "Unexpected argument 'hello'", "--texts FILE"),
        Mistake("verify MODEL MODEL MODEL --data t.txt", 2, "Unexpected argument"),
        Mistake("verify MODEL MODEL --failon x<1", 2, "Did you mean '--fail-on'?"),
        Mistake("convret MODEL", 2, "Unknown command 'convret'", "'convert'"),
        Mistake("--verison", 2, "Unknown option '--verison'", "'--version'"),
        Mistake("version", 2, "Unknown command 'version'", "'--version'"),
        Mistake(
            "inspect sentence-transformers/all-MiniLM-L6-v2", 6, "hf download sentence-transformers/all-MiniLM-L6-v2"),
        Mistake("inspect nowhere/model.h5", 6, "check the path"),
        Mistake("verify MODEL nowhere.reuse.h5 --data t.txt", 6, "nowhere.reuse.h5"),
        Mistake("eval MODEL nowhere.reuse.h5 --texts t.txt", 6, "nowhere.reuse.h5"),
        Mistake("bench MODEL nowhere.reuse.h5 --shape 1x8", 6, "nowhere.reuse.h5"),
    ]

    static let data = [
        Mistake("run MODEL --inputs nothere.npz -o xx.npy", 6, "nothere.npz: there is no such file"),
        Mistake("run MODEL --inputs a.csv -o xx.npy", 4, "a.csv: is a text file", ".npz"),
        Mistake("run MODEL --texts a.csv -o xx.npy", 4, "is a table", "\"review\"", "--column"),
        Mistake("run MODEL --texts a.csv --column text -o xx.npy", 2, "no column \"text\"; it has \"id\", \"review\""),
        Mistake("run MODEL --texts t.txt --column text -o xx.npy", 2, "columns are named"),
        Mistake(
            "run MODEL --texts latin1.txt -o xx.npy", 2, "line 2 is not UTF-8 (byte 3 of it)", after: .withTheData),
        Mistake("run MODEL --texts nothere.txt -o xx.npy", 6, "nothere.txt: there is no such file"),
        Mistake("run MODEL --texts - --pairs - -o xx.npy", 2, "one of --texts, --pairs"),
        Mistake("verify MODEL MODEL --data - --labels -", 2, "standard input (-) is given 2 times"),
        Mistake("\(convert) --plan nothere.json -o x.reuse.h5", 6, "nothere.json: there is no such file"),
        Mistake("\(convert) --plan broken.json -o x.reuse.h5", 2, "line 1 column", "not valid JSON"),
        Mistake("\(convert) --budget 1/3 --analysis broken.json -o x.reuse.h5", 2, "is not an analysis"),
    ]

    static let models = [
        Mistake("convert MODEL --calibration a.csv --budget 1/3 -o x.reuse.h5", 4, "is a table", "\"review\""),
        Mistake("convert MODEL --calibration nothere.txt --budget 1/3 -o x.reuse.h5", 6, "nothere.txt"),
        Mistake("analyze MODEL --calibration a.csv --column text -o a.json", 2, "no column \"text\""),
        Mistake("verify MODEL MODEL --data a.csv", 4, "is a table", "--column"),
        Mistake("verify MODEL MODEL --data t.txt --labels a.csv", 4, "is a table", "--label-column"),
        Mistake("verify MODEL MODEL --data folder --labels folder", 6, "folder: is a folder; give a file"),
        Mistake("eval MODEL --labelled a.csv", 4, "--column NAME and --label-column NAME"),
        Mistake("eval MODEL --pairs a.csv --column review", 4, "--score-column NAME"),
        Mistake("\(convert) --judge nothere.txt --budget 1/3 -o x.reuse.h5", 6, "nothere.txt: there is no such file"),
        Mistake("convert MODEL --calibration - --judge - --budget 1/3 -o x.reuse.h5", 2, "given 2 times"),
        Mistake(
            "\(convert) --budget bytes:90% -o x.reuse.h5", 2, "the largest saving that this model allows is",
            after: .afterReading),
        Mistake(
            "\(convert) --budget 1/2 --only layer_5 -o x.reuse.h5", 2,
            "the largest saving that this model allows is 16.7 %", after: .afterReading),
        Mistake(
            "\(convert) --budget quality:output.r2>=0.9 -o x.reuse.h5", 2, "the model gives no numbers",
            after: .afterReading),
        Mistake(
            "\(convert) --budget 1/3 --fail-on output.r2<0.9 -o x.reuse.h5", 2, "the model gives no numbers",
            after: .afterReading),
        Mistake("convert MODEL --calibration empty.txt --budget 1/3 -o x.reuse.h5", 2, "text", after: .afterReading),
        Mistake("\(convert) --budget 1/3 --keep layr_3 -o x.reuse.h5", 2, "\"layer_3\"?", after: .afterReading),
    ]

    private let scratch = Scratch()

    private func files() throws {
        try scratch.file("t.txt", contents: "one two three\nfour five six\nseven eight nine\n")
        try scratch.file("a.csv", contents: "id,review\n1,\"fine, really\"\n2,bad\n")
        try scratch.file("empty.txt", contents: "")
        try FileManager.default.createDirectory(at: scratch.url("folder"), withIntermediateDirectories: true)
        try scratch.file("old.npy", contents: "precious")
        try scratch.file("broken.json", contents: "{\"layers\": [,]}\n")
        try Data(Array("plain\nna".utf8) + [0xEF, 0x76, 0x65, 0x0A]).write(to: scratch.url("latin1.txt"))
    }

    @Test(
        "a mistake is told for what it is before any work is done, with its exit status, and nothing is left behind",
        arguments: outputs + metrics + words + data + models)
    func mistakes(_ mistake: Mistake) throws {
        try files()
        let before = scratch.names
        let arguments = mistake.line.split(separator: " ").map { String($0).replacing("MODEL", with: Command.fixture) }
        let outcome = try Command.Running(arguments, currentFolder: scratch.path).wait()
        #expect(outcome.status == mistake.status && !outcome.wasKilled, "\(outcome.errors)")
        for word in mistake.mentions { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        #expect(outcome.output.isEmpty)
        #expect(scratch.names == before)
        // Outside a terminal every step that has ended is a line with its time.
        let steps = outcome.errors.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /reuseformer: (.+): [0-9.]+ (s|min.*)/).map { String($0.output.1) }
        }
        let reading: Set<String> = ["Reading the model", "Reading the models", "Reading encoder"]
        let allowed: Set<String> =
            switch mistake.moment {
            case .atOnce: []
            case .afterReading: reading
            case .withTheData: reading.union(["Running the model"])
            }
        #expect(Set(steps).isSubset(of: allowed), "\(steps)")
    }

    @Test("a mistyped key, a wrong word and a missing layer of a plan are told with their places, all rules at once")
    func plans() throws {
        let plan = try String(contentsOfFile: try Converted.shared.get().plan, encoding: .utf8)
        let typos = [
            ("\"weight\"", "\"wieght\"", ["line ", "wieght", "did you mean \"weight\"?"]),
            ("\"borrowed\"", "\"borowed\"", ["line ", "\"borowed\" is none of computed, hard, borrowed, dropped"]),
            ("\"heads\"", "\"haeds\"", ["did you mean \"heads\"?"]),
        ]
        // What is passed over would not do what its author meant.
        try #require(plan.contains("\"source\" : \"computed\""))
        let terms = plan.replacing(
            "\"source\" : \"computed\"", with: "\"source\" : \"computed\", \"terms\" : []")
        try scratch.file("plan.json", contents: terms)
        let meant = try Command.run("validate", scratch("plan.json"), "--model", Command.fixture)
        #expect(meant.status == 2 && meant.message.contains("has no terms"), "\(meant.errors)")
        for (word, typo, mentions) in typos {
            try scratch.file("plan.json", contents: plan.replacing(word, with: typo))
            let outcome = try Command.run("validate", scratch("plan.json"), "--model", Command.fixture)
            #expect(outcome.status == 2)
            for mention in mentions { #expect(outcome.message.contains(mention), "\(outcome.errors)") }
        }
        var document = try #require(try JSONSerialization.jsonObject(with: Data(plan.utf8)) as? [String: Any])
        var layers = try #require(document["layers"] as? [[String: Any]])
        var heads = try #require(layers[1]["heads"] as? [[String: Any]])
        heads[0] = ["source": "borrowed", "terms": [["weight": 1, "node": "layer_4/attention", "head": 3]]]
        layers[1]["heads"] = heads
        document["layers"] = Array(layers.dropLast())
        try JSONSerialization.data(withJSONObject: document).write(to: scratch.url("plan.json"))
        let outcome = try Command.run("validate", scratch("plan.json"), "--checkpoint", Command.fixture)
        #expect(outcome.status == 2)
        #expect(outcome.message.contains("layer_5/attention") && outcome.message.contains("layer_1/attention"))
    }

    @Test("models the wrong way round are refused, and a gate that fails for good values is noticed")
    func swapped() throws {
        let converted = try Converted.shared.get()
        let swapped = try Command.run("verify", converted.model, Command.fixture, "--data", converted.heldOut)
        #expect(swapped.status == 2 && swapped.message.contains("give the source first"))
    }

    @Test("a verdict that cannot be reached is an error in the JUnit file, with the reason; one that exists stays")
    func junit() throws {
        try files()
        let outcome = try Command.run(
            "verify", Command.fixture, scratch("nothere.reuse.h5"), "--data", scratch("t.txt"), "--junit",
            scratch("v.xml"))
        #expect(outcome.status == 6)
        let text = try String(contentsOf: scratch.url("v.xml"), encoding: .utf8)
        #expect(text.contains("errors=\"1\"") && text.contains("nothere.reuse.h5") && text.contains("inputOutput"))
        let again = try Command.run(
            "verify", Command.fixture, scratch("t.txt"), "--data", scratch("t.txt"), "--junit", scratch("v.xml"))
        #expect(again.status == 6 && again.message.contains("--force"))
        #expect(try String(contentsOf: scratch.url("v.xml"), encoding: .utf8) == text)
    }

    @Test(
        "words of other commands and of earlier versions are understood",
        arguments: [
            "-V", "inspect --model MODEL --json", "inspect --checkpoint=MODEL --json",
            "run MODEL --data t.txt -o e.npy", "run --model MODEL --texts t.txt -o f.npy",
            "verify MODEL MODEL --texts t.txt", "eval MODEL --data t.txt",
        ])
    func spellings(line: String) throws {
        try files()
        let arguments = line.split(separator: " ").map { String($0).replacing("MODEL", with: Command.fixture) }
        let outcome = try Command.Running(arguments, currentFolder: scratch.path).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
