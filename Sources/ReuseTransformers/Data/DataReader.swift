import Generation
import Inputs
import ModelGraph
import Platform
import Reporting
import Tokenization
import Verification

/// A user's data as a model takes them: texts, pairs of source and target, pictures, arrays.
package struct DataReader: Sendable {
    /// How the model's inputs come from files.
    package let inputs: ModelInputs
    private let model: TransformerModel
    private let resources: ComputeResources
    private let cancellation: Cancellation?
    /// The model's own, where it came with one.
    private let ownTokenizer: Tokenizer?
    /// Longest text, special tokens included; `nil`: unlimited.
    package let limit: Int?
    /// Longest text that the model itself takes; `nil`: unlimited.
    package let context: Int?

    /// Tokens of an answer that a source without a target gets at most.
    private static let longestAnswer = 64
    /// Sources that are answered at once.
    private static let answerBatch = 64

    /// - Parameters:
    ///   - limit: Longest text that is wanted; the model's own limits hold in any case.
    ///   - replacingLimit: Longest text instead of the one that a sentence-transformers folder says.
    ///   - prompt: What stands before each text: a name among the model's prompts, or the prompt itself; `nil`: what
    ///     the model's files say.
    ///   - pairing: When a line is two texts.
    ///   - columns: Which columns of tables are read.
    ///   - resources: The threads that missing targets are answered with.
    ///   - cancellation: Ends the reading of files and the answering.
    package init(
        for model: TransformerModel, limit: Int? = nil, replacingLimit: Int? = nil, prompt: String? = nil,
        pairing: TextPreparation.Pairing = .never, columns: TextColumns = TextColumns(),
        resources: ComputeResources = .shared,
        cancellation: Cancellation? = nil
    ) throws(TransformerError) {
        self.model = model
        self.resources = resources
        self.cancellation = cancellation
        // What is wrong with the tokenizer of a model that reads no text does not matter.
        let ownTokenizer =
            model.model.graph.readsText ? try model.optionalTokenizer() : try? model.optionalTokenizer()
        let tables = model.model.graph.textEmbeddings
        if let ownTokenizer, let rows = tables.map(\.vocabulary).min() {
            try Self.check(ownTokenizer, rows: rows, model.path)
        }
        let positions = tables.compactMap { $0.positions.map { $0.count - $0.offset } }.min()
        context = [model.model.traits.maximumTokens, positions].compactMap(\.self).min()
        let sentences = model.model.traits.sentences
        // Where a sentence-transformers folder says it, the tokenizer's own limit does not count.
        var said = sentences == nil ? ownTokenizer?.maxLength : replacingLimit ?? sentences?.maximumTokens
        // Cross-encoders heed tokenizer_config.json, never what tokenizer.json was once saved with.
        if pairing == .always {
            let limit = try model.tokenizerLimit()
            said = replacingLimit ?? limit ?? said
        }
        let longest = [limit, replacingLimit, said, context].compactMap(\.self).min()
        inputs = try TransformerError.mapping {
            try ModelInputs(
                model.model, tokenizer: ownTokenizer, maximumTokens: longest, prompt: prompt, pairing: pairing,
                columns: columns.columns, ignoring: model.model.provenance.passedOver)
        }
        self.ownTokenizer = ownTokenizer
        self.limit = longest
    }

    /// Refuses a tokenizer that is not the model's. One may have a few tokens that were never added to the model: texts
    /// that hold them are refused then.
    private static func check(_ tokenizer: Tokenizer, rows: Int, _ path: String) throws(TransformerError) {
        let excess = tokenizer.vocabularyBound - rows
        guard excess > max(8, rows / 100) else { return }
        throw TransformerError(
            .corrupt, path: path,
            "the tokenizer knows \(tokenizer.vocabularyBound) tokens, the model \(rows): "
                + "they do not belong together; copy both from one place")
    }

    /// What a user should know about how texts are read, a sentence each.
    package var notes: [String] {
        guard let ownTokenizer else { return [] }
        var notes = ownTokenizer.notes
        if let rows = model.model.graph.textEmbeddings.map(\.vocabulary).min(), ownTokenizer.idBound > rows {
            notes.append(
                "the tokenizer has ids up to \(ownTokenizer.idBound - 1), the model \(rows) rows: texts that hold one "
                    + "beyond them are refused")
        }
        return notes
    }

    /// Token ids that separate texts.
    package var separators: Set<Int32> {
        let special = ownTokenizer?.specialTokens
        return Set([special?.sep, special?.eos].compactMap(\.self))
    }

    /// How tokens are hidden from a masked language model; `nil` for tokenizers without a mask token.
    package var masking: Masking? {
        guard let special = ownTokenizer?.specialTokens else { return nil }
        let others = [special.pad, special.mask, special.cls, special.sep, special.bos, special.eos]
        return special.mask.map { Masking(maskID: $0, specialIDs: Set(others.compactMap(\.self))) }
    }

    /// The model's tokenizer.
    package func tokenizer() throws(TransformerError) -> Tokenizer {
        if let ownTokenizer { return ownTokenizer }
        return try model.tokenizer()
    }

    /// A text as the model takes it.
    package func sequence(of text: String) throws(TransformerError) -> ModelInput { try item(of: text).sequence }

    /// A text, or `source<TAB>target`, as the model takes it.
    package func item(of text: String) throws(TransformerError) -> InputItem {
        _ = try tokenizer()
        return try TransformerError.mapping { try inputs.item(of: text) }
    }

    /// Says that the tokenizer knows little of some texts; `nil` where it knows most of them.
    package func unknownWarning(about texts: [ModelInput]) -> String? {
        guard inputs.kind == .text, let unknown = ownTokenizer?.unknownID else { return nil }
        let all = texts.reduce(0) { $0 + $1.ids.count }
        let share = Double(texts.reduce(0) { $0 + $1.ids.count { $0 == unknown } }) / Double(max(all, 1))
        return JudgingWarnings.ofUnknown(share: share)
    }

    /// The items of a file or folder, in order, `size` at a time.
    ///
    /// - Parameter unreadable: Called for each picture of a folder that cannot be read, and is left out then; without
    ///   it the first one ends the reading.
    package func forEachItems(
        of path: String, size: Int, unreadable: ((FileError) -> Void)? = nil, _ body: ([InputItem]) throws -> Void
    ) throws(TransformerError) {
        try check(path)
        try TransformerError.mapping {
            var batches = try inputs.batches(
                of: path, size: size, unreadable: unreadable, cancellation: cancellation)
            while let batch = try batches.next() { try body(batch) }
        }
    }

    /// The same, what the model reads only.
    package func forEachBatch(
        of path: String, size: Int, unreadable: ((FileError) -> Void)? = nil, _ body: ([ModelInput]) throws -> Void
    ) throws(TransformerError) {
        try forEachItems(of: path, size: size, unreadable: unreadable) { try body($0.map(\.sequence)) }
    }

    /// All items of a file or folder. Sources without a target get the model's own answer.
    package func sequences(of path: String) throws(TransformerError) -> [ModelInput] {
        var items: [InputItem] = []
        try forEachItems(of: path, size: 1024) { items += $0 }
        return try completed(items)
    }

    /// About `limit` tokens' worth of the items of files and folders, always the same ones. Memory does not grow with
    /// the files.
    ///
    /// - Parameter least: Items that are drawn even where they have more tokens.
    package func sequences(
        of paths: [String], drawing limit: Int, least: Int = 0
    ) throws(TransformerError) -> [ModelInput] {
        for path in paths { try check(path) }
        return try completed(
            try TransformerError.mapping {
                try inputs.items(of: paths, drawing: limit, least: least, cancellation: cancellation)
            })
    }

    /// Texts in memory: all, or about `limit` tokens' worth of them, the same that would be drawn from a file.
    func sequences(
        ofTexts texts: [String], drawing limit: Int = .max, least: Int = 0
    ) throws(TransformerError) -> [ModelInput] {
        _ = try tokenizer()
        return try completed(
            try TransformerError.mapping {
                try inputs.items(ofTexts: texts, drawing: limit, least: least, cancellation: cancellation)
            })
    }

    /// Two texts as a model takes them that scores pairs.
    package func sequence(of first: String, and second: String) throws(TransformerError) -> ModelInput {
        _ = try tokenizer()
        return try TransformerError.mapping { try inputs.item(of: first, and: second).sequence }
    }

    /// Scored pairs of texts as the model takes them.
    package func scored(_ pairs: [ScoredTexts]) throws(TransformerError) -> [ScoredPair] {
        var result: [ScoredPair] = []
        let scoresPairs = model.scoresPairs
        for pair in pairs {
            if cancellation?.isRequested == true { throw .cancelled }
            result.append(
                ScoredPair(
                    first: try sequence(of: pair.first), second: try sequence(of: pair.second), score: pair.score,
                    together: scoresPairs ? try sequence(of: pair.first, and: pair.second) : nil))
        }
        return result
    }

    private func check(_ path: String) throws(TransformerError) {
        if inputs.kind != .pictures || PathKind(path) != .folder { try InputFile.check(path) }
        if inputs.kind == .text || inputs.kind == .textPairs, !path.hasSuffix(".npz") { _ = try tokenizer() }
    }

    /// What the model reads, with the model's own answers where targets are missing.
    private func completed(_ items: [InputItem]) throws(TransformerError) -> [ModelInput] {
        var sequences = items.map(\.sequence)
        guard let target = inputs.target else { return sequences }
        let pending = items.indices.filter { items[$0].targetIDs.isEmpty && items[$0].isOpen(target) }
        if !pending.isEmpty { try TransformerError.mapping { try answer(pending, of: &sequences, target) } }
        return sequences
    }

    private func answer(_ pending: [Int], of sequences: inout [ModelInput], _ target: TargetText) throws {
        let generator = try Generation.TextGenerator(
            model.model, target: target.input, resources: resources.execution(cancellation))
        for start in stride(from: 0, to: pending.count, by: Self.answerBatch) {
            let indices = pending[start..<min(start + Self.answerBatch, pending.count)]
            let answers = try generator.texts(
                after: indices.map { sequences[$0] },
                options: .init(
                    maximumNewTokens: Self.longestAnswer, endIDs: target.endIDs, rules: inputs.generation.rules))
            for (index, answer) in zip(indices, answers) {
                sequences[index].arrays[target.input] = target.reading(answer)
            }
        }
    }
}

extension InputItem {
    /// Whether the target has only begun: a pair without a target, rather than arrays that hold one.
    fileprivate func isOpen(_ target: TargetText) -> Bool { sequence.arrays[target.input] == target.beginning }
}
