import ArgumentParser
import ReuseTransformers

struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put the shards of an analysis together.",
        discussion: """
              reuseformer analyze MODEL --calibration texts.txt --shard 1/3 -o part-1.analysis
              …
              reuseformer merge part-*.analysis -o analysis.json

            The result is, to the bit, what one process writes without --shard. Neither the model nor the texts are \
            needed. Parts of other models, texts or settings are refused, and so are missing and double ones. Of the \
            shards of `analyze --stage maps` it makes what `analyze --maps` takes.
            """)

    @Argument(
        help: ArgumentHelp("What `analyze --shard` wrote: every shard once, in any order.", valueName: "parts"),
        completion: .file())
    var parts: [String]

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where to write the analysis, JSON.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var output: String

    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    func validate() throws {
        if parts.isEmpty { throw ValidationError("Give the parts that `analyze --shard` wrote.") }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: .document, force: force.force)
        switch try AnalysisPart.merged(
            parts.map { (path) throws(TransformerError) in
                try AnalysisPart(contentsOf: path)
            })
        {
        case .analysis(let analysis):
            try OutputFile.write(document: analysis.document, to: output)
            Terminal.noteWritten(output)
            Terminal.print(AnalysisText.describe(analysis.document))
        case .maps(let maps):
            try OutputFile.write(try maps.part.encoded(), to: output)
            Terminal.noteWritten(output)
            Terminal.print("sums of all maps over all texts: go on with `analyze --shard i/n --maps \(output)`")
        }
    }
}
