import ArgumentParser
import Checkpoints
import ModelGraph
import Platform
import Evaluation
import ReuseTransformers

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check an edited plan against the model that it is for.",
        discussion: """
              reuseformer validate plan.json --model bert/

            Lists everything that is wrong at once, each with layer and head: maps that do not exist or come later, \
            heads that differ in mask or memory, layers that are missing. The exit status is 2 when there is anything.

            \(SharedHelp.reading)
            """)

    @Argument(help: ArgumentHelp("The plan, JSON.", valueName: "plan"), completion: .file(extensions: ["json"]))
    var plan: String

    @Option(
        help: ArgumentHelp("The model, or what `analyze` wrote.", valueName: "model-or-analysis"), completion: .file())
    var model: String

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let document = try ConversionPlan(contentsOf: plan)
        if model.hasSuffix(".json") {
            try document.check(onAnalysisAt: model)
        } else {
            try document.check(onCheckpointAt: model, options: try reading.options())
        }
        if json.json {
            try Terminal.print(document: document.plan)
        } else {
            Terminal.print("\(Terminal.escaped(plan)) is sound.\n\n" + PlanText.describe(document.plan))
        }
    }
}
