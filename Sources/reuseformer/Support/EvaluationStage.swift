import Analysis
import Foundation
import Images
import Inputs
import ModelGraph
import ReuseTransformers
import Runtime
import Verification

/// One model measured on files, with progress on the terminal. Files are read a batch at a time.
struct EvaluationStage {
    /// A number and what it was measured on.
    struct Score {
        let measure: EvaluationReport.Measure
        let items: Int
        var tokens: Int?
        let value: Double
    }

    private let loaded: TransformerModel
    private let reader: DataReader
    private let evaluator: Evaluator
    private let stride: Int?
    private let resources: ExecutionResources
    private let progress: Progress

    private static let batchSize = 256

    init(
        _ loaded: TransformerModel, limit: Int?, stride: Int?, resources: ExecutionResources, progress: Progress
    ) throws {
        self.loaded = loaded
        self.stride = stride
        self.resources = resources
        self.progress = progress
        reader = try DataReader(for: loaded, limit: limit)
        evaluator = try Evaluator(loaded.model, resources: resources)
    }

    // MARK: Perplexity

    func perplexity(on path: String, asWhole: Bool) throws -> Score {
        progress.begin("\(loaded.name): perplexity")
        var losses = Evaluator.Losses()
        var items = 0
        switch loaded.model.graph.use {
        case .maskedLanguageModel:
            guard let masking = reader.masking else {
                throw CommandError.usage("\(loaded.path): the tokenizer has no mask token to hide tokens with")
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
            throw CommandError.usage(
                "\(loaded.path): perplexity needs a model that predicts the tokens of a text; for an encoder–decoder "
                    + "give --answers")
        }
        return Score(measure: .perplexity, items: items, tokens: losses.count, value: losses.perplexity)
    }

    private func forEachText(of path: String, asWhole: Bool, _ body: ([String]) throws -> Void) throws {
        try InputFile.check(path)
        if asWhole {
            let bytes = try InputFile.bytes(of: path)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandError.usage("\(path): is not UTF-8; save it as UTF-8")
            }
            try body([text])
            return
        }
        var lines = try TextLines(path: path)
        var batch: [String] = []
        while let line = try lines.next() {
            batch.append(line)
            guard batch.count == Self.batchSize else { continue }
            try body(batch)
            batch = []
        }
        if !batch.isEmpty { try body(batch) }
    }

    // MARK: Accuracy

    func accuracy(onTexts path: String) throws -> Score {
        progress.begin("\(loaded.name): accuracy")
        var tally = Accuracy()
        var texts = try LabelledTexts(path, names: loaded.model.traits.labels)
        var batch: [(text: String, label: Int)] = []
        while let next = try texts.next() {
            batch.append(next)
            guard batch.count == Self.batchSize else { continue }
            try add(batch.map { (try reader.sequence(of: $0.text), $0.label) }, to: &tally)
            batch = []
        }
        try add(batch.map { (try reader.sequence(of: $0.text), $0.label) }, to: &tally)
        return Score(measure: .accuracy, items: tally.items, value: tally.share)
    }

    func accuracy(onPictures path: String) throws -> Score {
        progress.begin("\(loaded.name): accuracy")
        let names = loaded.model.traits.labels
        let files = try PictureFolder(path: path).files
        var tally = Accuracy()
        for start in Swift.stride(from: 0, to: files.count, by: 32) {
            let part = files[start..<min(start + 32, files.count)]
            try add(
                part.map { file in
                    guard let label = file.folder.flatMap({ ClassName.index(of: $0, among: names) }) else {
                        throw CommandError.usage(
                            "\(file.path): the folder below \(path) is no class of the model; "
                                + "it knows \(ClassName.known(names))")
                    }
                    return (try reader.inputs.item(ofPictureAt: file.path).sequence, label)
                }, to: &tally)
            progress.advance(to: start + part.count, of: files.count)
        }
        return Score(measure: .accuracy, items: tally.items, value: tally.share)
    }

    private func add(_ batch: [(sequence: ModelInput, label: Int)], to tally: inout Accuracy) throws {
        do {
            try evaluator.add(batch, to: &tally)
        } catch VerificationError.noClasses {
            throw CommandError.usage("\(loaded.path): the model gives no class for a whole item")
        }
    }

    // MARK: Pairs

    func correlation(on path: String) throws -> Score {
        progress.begin("\(loaded.name): pairs of texts")
        let rows = try ScoredPairs(path).rows
        guard rows.count > 2 else { throw CommandError.usage("\(path): a correlation needs at least three pairs") }
        let pairs = try rows.map { row in
            ScoredPair(
                first: try reader.sequence(of: row.first), second: try reader.sequence(of: row.second), score: row.score
            )
        }
        let value = try evaluator.correlation(of: pairs) { progress.advance(to: $0, of: pairs.count) }
        return Score(measure: .spearman, items: rows.count, value: value)
    }

    // MARK: Answers

    /// Share of right answers, and perplexity of the wanted ones.
    func answers(on path: String) throws -> [Score] {
        progress.begin("\(loaded.name): answers")
        guard let target = reader.inputs.target else {
            throw CommandError.usage("\(loaded.path): --answers is for encoder–decoders with a tokenizer")
        }
        let generator = try TextGenerator(loaded.model, target: target.input, resources: resources)
        var tally = Accuracy()
        var losses = Evaluator.Losses()
        try reader.forEachItems(of: path, size: 64) { items in
            if items.contains(where: { $0.targetIDs.isEmpty }) {
                throw CommandError.usage("\(path): a line has no target; write source<TAB>target")
            }
            try evaluator.addLosses(of: items.map(\.sequence), predicting: items.map(\.targetIDs), to: &losses)
            var prompts = items.map(\.sequence)
            for index in prompts.indices { prompts[index].arrays[target.input] = target.beginning }
            // One token more than the longest target shows an answer that goes on.
            let longest = items.map(\.targetIDs.count).max() ?? 0
            let answers = try generator.texts(
                after: prompts, options: .init(maximumNewTokens: longest + 1, endIDs: target.endIDs))
            for (answer, item) in zip(answers, items) { tally.add(isRight: answer == item.targetIDs) }
        }
        return [
            Score(measure: .accuracy, items: tally.items, value: tally.share),
            Score(measure: .perplexity, items: tally.items, tokens: losses.count, value: losses.perplexity),
        ]
    }
}
