import Analysis
import Generation
import Images
import Inputs
import ModelGraph
import ReuseTransformers
import Runtime
import Verification

/// One model measured at its own task on files, which are read a batch at a time.
package struct ModelEvaluator {
    /// A number and what it was measured on.
    package struct Score: Sendable {
        package let measure: EvaluationReport.Measure
        /// Texts, pictures or pairs.
        package let items: Int
        /// Tokens whose prediction counted; `nil` where items were.
        package var tokens: Int?
        /// The output that it is of, where the model gives several.
        package var output: String?
        package let value: Double
        /// What the value's interval is made of; `nil` where it has none.
        package var samples: Samples?
    }

    private let model: TransformerModel
    private let reader: DataReader
    private let evaluator: Evaluator
    private let stride: Int?
    private let columns: TextColumns
    private let resources: ExecutionResources
    private let work: Work

    private static let batchSize = 256
    private static let pictureBatch = 32
    private static let answerBatch = 64

    /// - Parameters:
    ///   - limit: Longest text in tokens.
    ///   - stride: Tokens from one window to the next in texts longer than the model's sequences.
    ///   - pooling: How embeddings of pairs are made; `nil`: as the model's files say, else by their mean.
    ///   - columns: Which columns of tables are read.
    package init(
        _ model: TransformerModel, limit: Int?, stride: Int?, pooling: TextEmbedder.Pooling? = nil,
        columns: TextColumns = TextColumns(),
        resources: ComputeResources, work: Work = Work()
    ) throws(TransformerError) {
        self.model = model
        self.stride = stride
        self.columns = columns
        self.work = work
        let execution = resources.execution(work.cancellation)
        self.resources = execution
        reader = try DataReader(
            for: model, limit: limit, pairing: .byTab, columns: columns, resources: resources,
            cancellation: work.cancellation)
        work.truncation.watch(reader)
        let pooled = try model.pooled(by: pooling)
        evaluator = try TransformerError.mapping { try Evaluator(pooled, resources: execution) }
    }

    /// The model as it is called in a report, with how deep inputs went so far.
    package var subject: EvaluationReport.Subject {
        .init(name: model.name, model: model.model, exits: evaluator.exits)
    }

    /// Refuses scores that are no numbers where the model's weights are why.
    package func check(_ scores: [Score]) throws(TransformerError) {
        if scores.contains(where: { !$0.value.isFinite }) { try model.checkWeights(work) }
    }

    private func begin(_ measure: String) -> WorkProgress.Stage {
        let stage = WorkProgress.Stage.evaluating(model: model.name, measure: measure)
        work.begin(stage)
        return stage
    }

    // MARK: Perplexity

    /// e to the mean loss of each token.
    ///
    /// - Parameter asWhole: Whether the file is one text, its line ends included.
    package func perplexity(on path: String, asWhole: Bool) throws(TransformerError) -> Score {
        _ = begin("perplexity")
        var losses = Evaluator.Losses()
        var items = 0
        switch model.model.graph.use {
        case .maskedLanguageModel:
            guard let masking = reader.masking else {
                throw TransformerError(
                    .usage, path: model.path, "the tokenizer has no mask token to hide tokens with")
            }
            try reader.forEachBatch(of: path, size: Self.batchSize) { batch in
                let masked = batch.enumerated().map { masking.mask($0.element, index: items + $0.offset) }
                try evaluator.addLosses(of: masked, to: &losses)
                items += batch.count
            }
        case .languageModel where reader.inputs.kind == .text:
            // Texts are not cut to the model's length here: windows slide over them.
            let tokenizer = try reader.tokenizer()
            try forEachText(of: path, asWhole: asWhole) { texts in
                let sequences = texts.map { ModelInput(ids: tokenizer.encode($0).ids) }
                try evaluator.addLosses(of: sequences, stride: stride, to: &losses)
                items += texts.count
            }
        default:
            throw TransformerError(
                .usage, path: model.path,
                "perplexity needs a model that predicts the tokens of a text; for an encoder–decoder give --answers")
        }
        return Score(
            measure: .perplexity, items: items, tokens: losses.count, value: losses.perplexity,
            samples: losses.samples)
    }

    private func forEachText(
        of path: String, asWhole: Bool, _ body: ([String]) throws -> Void
    ) throws(TransformerError) {
        try InputFile.check(path)
        if asWhole {
            guard columns == TextColumns() else {
                throw TransformerError(.usage, path: path, "is read as one text: it has no columns to name")
            }
            let bytes = try TransformerError.mapping { try TextBytes.contents(of: path) }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw TransformerError(.usage, path: path, "is not UTF-8; save it as UTF-8")
            }
            return try TransformerError.mapping { try body([text]) }
        }
        try TransformerError.mapping {
            var records = try TextRecords(path: path, columns: columns.columns, contents: .texts(atMost: 1))
            var batch: [String] = []
            while let record = try records.next() {
                switch record {
                case .line(let text): batch.append(text)
                case .fields(let texts): batch += texts
                }
                guard batch.count == Self.batchSize else { continue }
                try body(batch)
                batch = []
            }
            if !batch.isEmpty { try body(batch) }
        }
    }

    // MARK: Labels

    /// How far the model is from its labels: numbers where it gives numbers, else classes.
    ///
    /// - Parameter path: Labelled texts; for a model that gives numbers also an `.npz` with its own inputs
    ///   (`in.<input>`) and what is right (`out`, or `out.<output>`).
    package func scores(onLabelled path: String) throws(TransformerError) -> [Score] {
        guard model.model.graph.use == .numbers else { return [try accuracy(onTexts: path)] }
        _ = begin("errors")
        var scores = NumberScores()
        if TaskLabels.areArrays(path, for: model) {
            let (items, labels) = try TaskLabels.arrays(of: path, for: model)
            try TransformerError.mapping {
                try evaluator.add(zip(items, labels).map { (sequence: $0, labels: $1) }, to: &scores)
            }
        } else {
            try TransformerError.mapping {
                var texts = try LabelledTexts(path, columns, names: [])
                var batch: [(sequence: ModelInput, labels: NumberScores.Labels)] = []
                while let next = try texts.nextNumbers() {
                    batch.append((try reader.sequence(of: next.text), ["": next.labels]))
                    guard batch.count == Self.batchSize else { continue }
                    try evaluator.add(batch, to: &scores)
                    batch = []
                }
                try evaluator.add(batch, to: &scores)
            }
        }
        let outputs = scores.byOutput
        guard !outputs.isEmpty else { throw TransformerError(.usage, path: path, "holds no labelled items") }
        return outputs.flatMap { output, mae, r2 in
            let name = outputs.count > 1 ? output : nil
            let samples = scores.samples(of: output)
            return [
                Score(measure: .mae, items: scores.items, output: name, value: mae, samples: samples.mae),
                Score(measure: .r2, items: scores.items, output: name, value: r2, samples: samples.r2),
            ]
        }
    }

    /// Share of labelled texts whose likeliest class is their label.
    private func accuracy(onTexts path: String) throws(TransformerError) -> Score {
        _ = begin("accuracy")
        var accuracy = Accuracy()
        try TransformerError.mapping {
            var texts = try LabelledTexts(path, columns, names: model.labels)
            var batch: [(text: String, label: Int)] = []
            while let next = try texts.next() {
                batch.append(next)
                guard batch.count == Self.batchSize else { continue }
                try add(batch.map { (try reader.sequence(of: $0.text), $0.label) }, to: &accuracy)
                batch = []
            }
            try add(batch.map { (try reader.sequence(of: $0.text), $0.label) }, to: &accuracy)
        }
        return Score(measure: .accuracy, items: accuracy.items, value: accuracy.share, samples: accuracy.samples)
    }

    /// Share of pictures whose likeliest class is the name of their folder.
    package func accuracy(onPictures path: String) throws(TransformerError) -> Score {
        let stage = begin("accuracy")
        let names = model.labels
        var accuracy = Accuracy()
        try TransformerError.mapping {
            let files = try PictureFolder(path: path).files
            for start in Swift.stride(from: 0, to: files.count, by: Self.pictureBatch) {
                let part = files[start..<min(start + Self.pictureBatch, files.count)]
                try add(
                    part.map { file in
                        guard let label = file.folder.flatMap({ ClassName.index(of: $0, among: names) }) else {
                            throw TransformerError(
                                .usage, path: file.path,
                                "the folder below \(path) is no class of the model; "
                                    + "it knows \(ClassName.known(names))")
                        }
                        return (try reader.inputs.item(ofPictureAt: file.path).sequence, label)
                    }, to: &accuracy)
                work.advance(stage, to: start + part.count, of: files.count)
            }
        }
        return Score(measure: .accuracy, items: accuracy.items, value: accuracy.share, samples: accuracy.samples)
    }

    private func add(_ batch: [(sequence: ModelInput, label: Int)], to accuracy: inout Accuracy) throws {
        do {
            try evaluator.add(batch, to: &accuracy)
        } catch VerificationError.noClasses {
            throw TransformerError(.usage, path: model.path, "the model gives no class for a whole item")
        }
    }

    // MARK: Pairs

    /// Correlation of the similarities of pairs of texts with their scores.
    package func correlation(on path: String) throws(TransformerError) -> Score {
        let stage = begin("pairs of texts")
        let rows = try ScoredTexts.read(path, columns)
        guard rows.count > 2 else {
            throw TransformerError(.usage, path: path, "a correlation needs at least three pairs")
        }
        let pairs = try reader.scored(rows)
        let found = try TransformerError.mapping {
            try evaluator.correlation(of: pairs) { work.advance(stage, to: $0, of: pairs.count) }
        }
        return Score(measure: .spearman, items: rows.count, value: found.coefficient, samples: found.samples)
    }

    // MARK: Answers

    /// Share of right answers, and perplexity of the wanted ones.
    package func answers(on path: String) throws(TransformerError) -> [Score] {
        _ = begin("answers")
        guard let target = reader.inputs.target else {
            throw TransformerError(
                .usage, path: model.path, "--answers is for encoder–decoders with a tokenizer")
        }
        let generator = try TransformerError.mapping {
            try Generation.TextGenerator(model.model, target: target.input, resources: resources)
        }
        var accuracy = Accuracy()
        var losses = Evaluator.Losses()
        try reader.forEachItems(of: path, size: Self.answerBatch) { items in
            if items.contains(where: { $0.targetIDs.isEmpty }) {
                throw TransformerError(.usage, path: path, "a line has no target; write source<TAB>target")
            }
            try evaluator.addLosses(of: items.map(\.sequence), predicting: items.map(\.targetIDs), to: &losses)
            var prompts = items.map(\.sequence)
            for index in prompts.indices { prompts[index].arrays[target.input] = target.beginning }
            // One token more than the longest target shows an answer that goes on.
            let longest = items.map(\.targetIDs.count).max() ?? 0
            let answers = try generator.texts(
                after: prompts,
                options: .init(
                    maximumNewTokens: longest + 1, endIDs: target.endIDs, rules: reader.inputs.generation.rules))
            for (answer, item) in zip(answers, items) { accuracy.add(isRight: answer == item.targetIDs) }
        }
        return [
            Score(measure: .accuracy, items: accuracy.items, value: accuracy.share, samples: accuracy.samples),
            Score(
                measure: .perplexity, items: accuracy.items, tokens: losses.count, value: losses.perplexity,
                samples: losses.samples),
        ]
    }
}
