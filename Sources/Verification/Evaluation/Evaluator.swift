import ModelGraph
import Platform
import Runtime
import Statistics
import Tensors

/// How good a model is at its own task, on labelled data or on texts. Memory does not grow with the data.
package struct Evaluator {
    /// Rows and columns of logits that are looked at in one run of the model.
    private static let runTokens = 4096

    let recorder: OutputRecorder

    /// - Parameter resources: Threads, kernels and cancellation: every measurement throws `VerificationError.cancelled`
    ///   once it is requested.
    package init(
        _ model: Model, resources: ExecutionResources = ExecutionResources()
    ) throws(VerificationError) {
        recorder = try OutputRecorder(model, resources: resources, heads: [])
    }

    /// The longest text that the model takes; `nil`: any.
    package var maximumTokens: Int? { recorder.compiled.maximumTokens }

    /// How deep inputs went so far; `nil` for a model without exits.
    package var exits: ExitStudy? { ExitStudy(of: recorder.compiled) }

    // MARK: Perplexity

    /// Losses that are being summed up.
    package struct Losses: Sendable {
        /// Sum of −ln p of the tokens that came, in nats.
        package private(set) var sum = 0.0
        /// Tokens.
        package private(set) var count = 0
        /// One row a text, or a window of a long one: its losses, and its tokens.
        private var sums = TextSums(columns: 2)
        private var closed = (sum: 0.0, count: 0)

        package init() {}

        mutating func add(_ loss: Double) {
            sum += loss
            count += 1
        }

        /// Ends a text, or a window of one.
        mutating func endText() {
            guard count > closed.count else { return }
            sums.add([sum - closed.sum, Double(count - closed.count)])
            closed = (sum, count)
        }

        /// What an interval of the perplexity is made of.
        package var samples: Samples { Samples(.perplexity, sums) }

        /// e to the mean loss; NaN without tokens.
        package var perplexity: Double { count == 0 ? .nan : exp(sum / Double(count)) }
    }

    /// Adds the loss of every token of some texts but the first, each given all before it.
    ///
    /// - Parameter stride: Tokens from one window to the next in texts longer than the model's sequences; `nil`: half
    ///   of those.
    package func addLosses(
        of texts: [ModelInput], stride: Int? = nil, to losses: inout Losses
    ) throws(VerificationError) {
        let longest = texts.reduce(2) { max($0, $1.ids.count) }
        let windows = TextWindows(length: min(recorder.compiled.maximumTokens ?? longest, longest), stride: stride)
        var parts: [(sequence: ModelInput, targets: [(row: Int, id: Int32)])] = []
        for text in texts {
            for window in windows.windows(of: text.ids.count) {
                let targets = window.counted.map { (row: $0 - 1 - window.tokens.lowerBound, id: text.ids[$0]) }
                let types = text.types.isEmpty ? [] : Array(text.types[window.tokens])
                parts.append((ModelInput(ids: Array(text.ids[window.tokens]), types: types), targets))
            }
        }
        try addLosses(of: parts, to: &losses)
    }

    /// Adds the loss of every token of some targets, each given the source and all before it.
    ///
    /// - Parameter targets: Ids that the rows of the targets should predict.
    package func addLosses(
        of sequences: [ModelInput], predicting targets: [[Int32]], to losses: inout Losses
    ) throws(VerificationError) {
        let parts = zip(sequences, targets).map { sequence, ids in
            (sequence: sequence, targets: ids.enumerated().map { (row: $0.offset, id: $0.element) })
        }
        try addLosses(of: parts, to: &losses)
    }

    /// Adds the loss of hidden tokens of a masked language model.
    package func addLosses(of masked: [Masking.Masked], to losses: inout Losses) throws(VerificationError) {
        try addLosses(of: masked.map { (sequence: $0.sequence, targets: $0.targets) }, to: &losses)
    }

    private func addLosses(
        of parts: [(sequence: ModelInput, targets: [(row: Int, id: Int32)])], to losses: inout Losses
    ) throws(VerificationError) {
        guard let logits = recorder.logits else { throw .labels("the model predicts no tokens") }
        var sum = losses
        try forEachGroup(parts.map(\.sequence)) { group, offset in
            guard let matrix = group.value(logits), !group.isPooled(logits) else { return }
            for member in group.sequences {
                let rows = group.sequence(member, alongRowsOf: logits)
                for (row, id) in parts[offset + member.index].targets
                where row < rows.visible && id >= 0 && Int(id) < matrix.columns {
                    let values = matrix.row(rows.rows.lowerBound + row)
                    sum.add(-LogProbabilities.value(of: Int(id), in: values))
                }
                sum.endText()
            }
        }
        losses = sum
    }

    // MARK: Classes and embeddings

    /// The most likely class of each item; `nil` for a model that gives no class for a whole item.
    package func classes(of sequences: [ModelInput]) throws(VerificationError) -> [Int]? {
        guard let logits = recorder.logits else { return nil }
        var result: [Int]? = [Int](repeating: 0, count: sequences.count)
        try forEachGroup(sequences) { group, offset in
            guard let matrix = group.value(logits), group.isPooled(logits) else {
                result = nil
                return
            }
            for member in group.sequences {
                result?[offset + member.index] = Self.best(matrix.row(member.number))
            }
        }
        return result
    }

    /// Classes of a whole item, the most likely first, with their probabilities.
    package func ranking(of sequences: [ModelInput], count: Int) throws(VerificationError) -> [[(Int, Double)]]? {
        guard let logits = recorder.logits else { return nil }
        var result: [[(Int, Double)]]? = [[(Int, Double)]](repeating: [], count: sequences.count)
        try forEachGroup(sequences) { group, offset in
            guard let matrix = group.value(logits), group.isPooled(logits) else {
                result = nil
                return
            }
            for member in group.sequences {
                let likely = LogProbabilities(logits: matrix.row(member.number)).values.enumerated()
                    .sorted { ($0.element, $1.offset) > ($1.element, $0.offset) }.prefix(count)
                result?[offset + member.index] = likely.map { ($0.offset, exp($0.element)) }
            }
        }
        return result
    }

    /// Cosine similarities of embeddings: of the first and second item, of the third and fourth, …
    package func similarities(ofPairs sequences: [ModelInput]) throws(VerificationError) -> [Double] {
        guard recorder.hidden != nil || recorder.embedding != nil else {
            throw .labels("the model has no hidden states to compare")
        }
        var vectors: [[Double]] = []
        for range in sequences.batches(rows: FidelityStudy.batchRows) {
            vectors += try recorder.record(Array(sequences[range])).map(\.pooled)
        }
        return (0..<sequences.count / 2).map { CosineSums(vectors[2 * $0], vectors[2 * $0 + 1]).cosine }
    }

    /// The one number that the model gives for each item: logits of a cross-encoder, whose order is that of its scores.
    private func scores(of items: [ModelInput]) throws(VerificationError) -> [Double] {
        guard let logits = recorder.logits else { throw .labels("the model scores no pairs") }
        var result = [Double](repeating: .nan, count: items.count)
        try forEachGroup(items) { group, offset in
            guard let matrix = group.value(logits), group.isPooled(logits), matrix.columns == 1 else { return }
            for member in group.sequences { result[offset + member.index] = Double(matrix.row(member.number)[0]) }
        }
        return result
    }

    /// A correlation over pairs of texts.
    package struct Correlation: Sendable {
        /// Spearman's coefficient; NaN where either side does not vary.
        package let coefficient: Double
        /// What an interval of it is made of; `nil` where there is no coefficient.
        package let samples: Samples?
    }

    /// Spearman correlation of the similarities of pairs of texts with their scores.
    ///
    /// - Parameter progress: Called with the number of pairs that are done.
    package func correlation(
        of pairs: [ScoredPair], progress: (Int) -> Void = { _ in }
    ) throws(VerificationError) -> Correlation {
        guard pairs.count > 2 else { throw .labels("a correlation needs at least three labelled pairs") }
        var similarities: [Double] = []
        for start in Swift.stride(from: 0, to: pairs.count, by: Self.pairBatch) {
            let part = pairs[start..<min(start + Self.pairBatch, pairs.count)]
            let together = part.compactMap(\.together)
            similarities +=
                try together.count == part.count
                ? scores(of: together) : self.similarities(ofPairs: part.flatMap { [$0.first, $0.second] })
            progress(start + part.count)
        }
        let influence = SpearmanInfluence(similarities, pairs.map(\.score))
        return Correlation(coefficient: influence?.coefficient ?? .nan, samples: influence.map(Samples.init))
    }

    private static let pairBatch = 256

    /// Counts items whose most likely class is their label.
    ///
    /// - Throws: `VerificationError.noClasses` for a model that gives no class for a whole item.
    package func add(
        _ items: [(sequence: ModelInput, label: Int)], to accuracy: inout Accuracy
    ) throws(VerificationError) {
        guard !items.isEmpty else { return }
        guard let classes = try classes(of: items.map(\.sequence)) else { throw .noClasses }
        for (found, item) in zip(classes, items) { accuracy.add(isRight: found == item.label) }
    }

    // MARK: Running

    /// Runs items a few at a time; the closure is told where the run starts.
    private func forEachGroup(
        _ sequences: [ModelInput], _ body: (GroupResult, Int) -> Void
    ) throws(VerificationError) {
        for range in sequences.batches(rows: Self.runTokens) {
            try recorder.run(Array(sequences[range])) { body($0, range.lowerBound) }
        }
    }

    private static func best(_ row: UnsafeBufferPointer<Float>) -> Int {
        row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
    }
}
