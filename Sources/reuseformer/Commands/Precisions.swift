import ArgumentParser
import Evaluation
import Reporting
import ReuseTransformers
import Rewriting

struct Precisions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what each precision would make of a model: bytes, quality, speed.",
        discussion: """
              reuseformer precisions MODEL --calibration texts.txt --time

            Tries every precision that `convert --precision` and `convert --weights` know and prints them side by \
            side. Quality is measured on every tenth text, which nothing was fitted on. Nothing is written.
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var calibration: CalibrationOptions

    @Flag(help: "Measure how fast each runs, beside the source.")
    var time = false

    @OptionGroup var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var json: JSONOption
    @OptionGroup var quiet: QuietOption

    func validate() throws {
        if calibration.calibration.isEmpty { throw ValidationError("Give --calibration with a file of texts.") }
        if calibration.judge != nil {
            throw ValidationError("--judge: precisions are measured on every tenth calibration text; leave it out.")
        }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(json)
        try InputPaths.check(calibration)
        let progress = Progress()
        defer { progress.abandon() }
        progress.begin("Reading the model")
        let source = try reading.model(at: model.model)
        let converter = ModelConverter(
            source, .init(pooling: calibration.pooling.pooling), resources: try threads.resources())
        let survey = try converter.surveyPrecisions(calibration: calibration.data, isTimed: time).run(progress.work)
        progress.end()
        if json.json {
            try Terminal.print(document: survey)
        } else {
            Terminal.print(PrecisionText.describe(survey))
        }
    }
}
