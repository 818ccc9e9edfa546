import ArgumentParser
import Checkpoints
import ModelGraph
import Platform
import ReuseTransformers

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check an edited plan against the model that it is for.",
        discussion: """
            Tells everything that is wrong at once, each with layer and head: maps that do not exist or come later, \
            heads that differ in mask or memory, layers that are missing. Exit status 2 when there is something.
            """)

    @Argument(help: ArgumentHelp("The plan, JSON.", valueName: "plan"), completion: .file(extensions: ["json"]))
    var plan: String

    @Option(
        help: ArgumentHelp("The model, or what `analyze` wrote.", valueName: "model-or-analysis"), completion: .file())
    var checkpoint: String

    @OptionGroup var reading: CheckpointOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let document = try InputFile.document(ReusePlan.self, at: plan, named: "a plan")
        _ = try graph().applying(document)
        if json.json {
            try Terminal.print(document: document)
        } else {
            Terminal.print("\(Terminal.escaped(plan)) is sound.\n\n" + PlanText.describe(document))
        }
    }

    private func graph() throws -> CheckedGraph {
        if checkpoint.hasSuffix(".json") {
            return try InputFile.document(Subject.self, at: checkpoint, named: "an analysis").graph
        }
        let summary = try Checkpoint.describe(
            path: checkpoint, options: try reading.options())
        guard let graph = summary.graph else {
            throw CommandError(
                status: .unsupported,
                description: "\(checkpoint): " + (summary.problems.first ?? "no architecture is known for it"))
        }
        return graph
    }

    /// The part of an analysis that matters here.
    private struct Subject: Decodable {
        let graph: CheckedGraph
    }
}
