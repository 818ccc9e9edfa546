import Analysis
import ArgumentParser
import Evaluation
import Inputs
import ModelGraph
import Reporting
import ReuseTransformers
import Statistics
import Verification

struct Eval: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how good models are at their own task, side by side.",
        discussion: """
              reuseformer eval gpt/ small.reuse.h5 --texts heldout.txt

            is the perplexity of language models on held-out texts (of masked ones: on hidden tokens). The first model \
            is what the others are compared with: usually the source, then what was made of it.

            Accuracy of a classifier of texts (label and text, separated by a tab, or .jsonl), or of pictures that lie \
            in one folder a class:

              reuseformer eval MODEL small.reuse.h5 --labelled reviews.tsv
              reuseformer eval vit/ small.reuse.h5 --images pictures/

            Correlation of embeddings with scores of pairs of texts; answers of an encoder–decoder, which are right \
            when every token is:

              reuseformer eval MODEL small.reuse.h5 --pairs sts.tsv
              reuseformer eval t5/ small.reuse.h5 --answers tasks.tsv

            \(SharedHelp.reading)
            """)

    @Argument(help: ArgumentHelp("Models to measure.", valueName: "model"), completion: .file())
    var models: [String]

    @Option(
        help: ArgumentHelp("Texts, one a line: perplexity.", valueName: "file"), completion: .file())
    var texts: String?

    @Flag(help: "Take the file of --texts for one text, its line ends included.")
    var whole = false

    @Option(
        help: ArgumentHelp(
            "Tokens from one window to the next in texts that are longer than the model's sequences (default: half "
                + "of those).", valueName: "count"))
    var stride: Int?

    @Option(
        help: ArgumentHelp(
            "Labelled texts: label<TAB>text, or .jsonl: accuracy. Of a model that gives numbers, also an .npz with "
                + "in.NAME and out.NAME: mean error and R².", valueName: "file"),
        completion: .file(extensions: ["tsv", "jsonl", "npz"]))
    var labelled: String?

    @Option(
        help: ArgumentHelp("A folder with one folder of PNG or JPEG files a class: accuracy.", valueName: "folder"),
        completion: .directory)
    var images: String?

    @Option(
        help: ArgumentHelp("Scored pairs: score<TAB>text<TAB>text: correlation.", valueName: "file"),
        completion: .file(extensions: ["tsv"]))
    var pairs: String?

    @Option(
        help: ArgumentHelp("Tasks: source<TAB>target: accuracy of answers, perplexity.", valueName: "file"),
        completion: .file(extensions: ["tsv"]))
    var answers: String?

    @OptionGroup var tables: TableOptions
    @OptionGroup var answerColumns: AnswerColumnOptions

    @Option(
        help: ArgumentHelp(
            "Longest text in tokens; longer ones are cut (perplexity: into windows).", valueName: "count"))
    var maxLength: Int?

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var json: JSONOption
    @OptionGroup var quiet: QuietOption
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var memory: MemoryOption
    @OptionGroup var pooling: PoolingOption

    func validate() throws {
        if [texts, labelled, images, pairs, answers].allSatisfy({ $0 == nil }) {
            throw ValidationError("Give --texts, --labelled, --images, --pairs or --answers.")
        }
        if whole, texts == nil { throw ValidationError("--whole is about the file of --texts: give both.") }
        if answerColumns.labelColumn != nil, labelled == nil {
            throw ValidationError("--label-column is about the file of --labelled: give both.")
        }
        if answerColumns.scoreColumn != nil, pairs == nil {
            throw ValidationError("--score-column is about the file of --pairs: give both.")
        }
        if let stride, stride < 1 { throw ValidationError("--stride must be positive.") }
        if let maxLength, maxLength < 4 { throw ValidationError("--max-length must be at least 4 tokens.") }
    }

    func run() throws {
        quiet.apply()
        let named = tables.columns(label: answerColumns.labelColumn, score: answerColumns.scoreColumn)
        var inputs = InputPaths(named)
        inputs.append(texts, as: .texts)
        inputs.append(labelled, as: .labelledTexts)
        inputs.append(pairs, as: .scoredPairs)
        inputs.append(answers, as: .texts)
        try inputs.check(read: models.count)
        try reading.checkPaths(models)
        let progress = Progress()
        defer { progress.abandon() }
        let resources = try threads.resources(memory: memory)
        var subjects: [EvaluationReport.Subject] = []
        var columns: [[ModelEvaluator.Score]] = []
        // One model after the other: memory holds one.
        for path in models {
            progress.begin("Reading \(TransformerModel.name(of: path))")
            let loaded = try reading.model(at: path)
            let evaluator = try ModelEvaluator(
                loaded, limit: maxLength, stride: stride, pooling: pooling.pooling,
                columns: named, resources: resources, work: progress.work)
            columns.append(try scores(evaluator))
            try evaluator.check(columns[columns.count - 1])
            subjects.append(evaluator.subject)
        }
        progress.end()
        let rows = (columns.first ?? []).indices.map { row in
            EvaluationReport.Row(
                columns[0][row].measure, items: columns[0][row].items, tokens: columns[0][row].tokens,
                output: columns[0][row].output, values: columns.map { row < $0.count ? $0[row].value : .nan },
                samples: columns.map { row < $0.count ? $0[row].samples : nil })
        }
        let report = EvaluationReport(models: subjects, results: rows)
        if json.json {
            try Terminal.print(document: report)
        } else {
            Terminal.print(EvaluationTable.table(of: report).text(width: Terminal.width))
            for subject in report.models {
                if let exits = subject.exits { Terminal.print("\(subject.name): \(ExitText.text(exits))") }
            }
        }
    }

    private func scores(_ evaluator: ModelEvaluator) throws -> [ModelEvaluator.Score] {
        var scores: [ModelEvaluator.Score] = []
        if let texts { scores.append(try evaluator.perplexity(on: texts, asWhole: whole)) }
        if let labelled { scores += try evaluator.scores(onLabelled: labelled) }
        if let images { scores.append(try evaluator.accuracy(onPictures: images)) }
        if let pairs { scores.append(try evaluator.correlation(on: pairs)) }
        if let answers { scores += try evaluator.answers(on: answers) }
        return scores
    }
}
