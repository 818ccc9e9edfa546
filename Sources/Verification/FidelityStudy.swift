import ModelGraph
import Platform
import Runtime
import Statistics

/// Compares a converted model with its source on held-out texts, a few texts at a time.
///
/// Memory does not grow with the number of texts, but for the pooled embeddings of the first
/// `PairSampling.textLimit` texts and the labels. Language models are also compared by the perplexity of the tokens
/// that really follow, of encoder–decoders on the targets that are given.
package struct FidelityStudy {
    /// What to measure, and how.
    package struct Options: Sendable {
        /// Threads, kernels and cancellation.
        package var resources: ExecutionResources
        /// Whether attention maps are compared: they cost the most.
        package var comparesMaps: Bool
        /// The id of the mask token and the ids that are never masked; `nil`: no perplexity.
        package var masking: Masking?

        package init(
            resources: ExecutionResources = ExecutionResources(), comparesMaps: Bool = true, masking: Masking? = nil
        ) {
            self.resources = resources
            self.comparesMaps = comparesMaps
            self.masking = masking
        }
    }

    /// Rows that go through both models before anything is compared.
    static let batchRows = 512
    /// Rows of logits that are compared; above it, one row in several is.
    private static let logitRowLimit = 4096

    private let source: OutputRecorder
    private let converted: OutputRecorder
    private let heads: [HeadID]
    private let options: Options
    private let sourceModel: Model
    private let convertedModel: Model

    /// Prepares both models.
    package init(source: Model, converted: Model, options: Options = Options()) throws(VerificationError) {
        try Self.checkLikeness(source.graph, converted.graph)
        // Maps of merged tokens are none of those of all tokens, and inputs that left have none of later layers.
        let heads =
            options.comparesMaps && converted.graph.firstMatching == nil && converted.graph.exits.isEmpty
            ? converted.graph.headIDs.filter { converted.graph.source(of: $0)?.isDropped == false } : []
        self.heads = heads
        self.options = options
        self.source = try OutputRecorder(source, resources: options.resources, heads: heads)
        self.converted = try OutputRecorder(converted, resources: options.resources, heads: heads)
        sourceModel = source
        convertedModel = converted
    }

    /// Measures everything that the models and the data allow.
    ///
    /// - Parameters:
    ///   - sequences: Held-out texts as the models take them.
    ///   - progress: Called with the number of texts that are done.
    /// - Returns: Metrics in the order in which `Metric` lists them.
    /// - Throws: `VerificationError.noData`, `VerificationError.cancelled`, or when a model cannot be run.
    package func measure(
        _ sequences: [ModelInput], progress: (Int) -> Void = { _ in }
    ) throws(VerificationError) -> [Measurement] {
        guard sequences.contains(where: { $0.visibleCount > 0 }) else { throw .noData }
        let tokens = sequences.reduce(0) { $0 + $1.visibleCount }
        var tally = FidelityTally(logitStride: max(1, tokens / Self.logitRowLimit))
        let predicted = sourceModel.graph.predictedTokens
        var losses = LossTally()
        for range in sequences.batches(rows: Self.batchRows) {
            let part = Array(sequences[range])
            let before = try source.record(part), after = try converted.record(part)
            for (first, second) in zip(before, after) {
                try options.resources.check()
                tally.add(source: first, converted: second)
            }
            if let predicted {
                for (offset, sequence) in part.enumerated() {
                    try options.resources.check()
                    let ids = sequence.nextIDs(predicted)
                    losses.add(
                        source: { before[offset].addLosses(ofFollowing: ids, to: &$0) },
                        converted: { after[offset].addLosses(ofFollowing: ids, to: &$0) })
                }
            }
            progress(range.upperBound)
        }
        var measurements = try tally.measurements(options.resources) + losses.measurements
        if let masking = options.masking, sourceModel.graph.use == .maskedLanguageModel {
            measurements += try perplexity(sequences, masking)
        }
        return measurements
    }

    /// How deep inputs went through the converted model so far; `nil` for one without exits.
    package var exits: ExitStudy? { ExitStudy(of: converted.compiled) }

    private func perplexity(_ sequences: [ModelInput], _ masking: Masking) throws(VerificationError) -> [Measurement] {
        var losses = LossTally()
        let masked = sequences.enumerated().map { masking.mask($0.element, index: $0.offset) }
        for range in sequences.batches(rows: Self.batchRows) {
            let part = masked[range].map(\.sequence)
            let before = try source.record(part), after = try converted.record(part)
            for (offset, index) in range.enumerated() {
                try options.resources.check()
                losses.add(
                    source: { before[offset].addLosses(of: masked[index].targets, to: &$0) },
                    converted: { after[offset].addLosses(of: masked[index].targets, to: &$0) })
            }
        }
        return losses.measurements.filter { $0.metric == .perplexityRatio }
    }

    private static func checkLikeness(_ source: CheckedGraph, _ converted: CheckedGraph) throws(VerificationError) {
        func heads(_ nodes: [Node]) -> [String] {
            nodes.map { "\($0.name) with \($0.attention?.heads.count ?? 0) heads" }
        }
        // One matrix may stand in for a whole attention.
        let compared = source.attentionNodes.filter { node in
            if case .linear = converted.node(named: node.name)?.operation { false } else { true }
        }
        let before = heads(compared), after = heads(converted.attentionNodes)
        if before.count != after.count {
            throw .unlike("\(before.count) attention layers against \(after.count)")
        }
        if let difference = zip(before, after).first(where: { $0 != $1 }) {
            throw .unlike("\(difference.0) against \(difference.1)")
        }
        for output in source.outputs {
            guard let value = converted.value(ofOutput: output.name) else {
                // A model that merges tokens has nothing for each of them, one with exits nothing but scores.
                if converted.firstMatching != nil, source.shapes[output.value]?.rows != .sequences { continue }
                if !converted.graph.exits.isEmpty { continue }
                throw .unlike("the converted model has no output \"\(output.name)\"")
            }
            if let first = source.shapes[output.value], let second = converted.shapes[value], first != second {
                throw .unlike("output \"\(output.name)\" is \(first) against \(second)")
            }
        }
    }
}
