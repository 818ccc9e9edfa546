import Costs
import ModelGraph
import Platform
import Runtime
import Tensors

/// Speed of models on made-up inputs: they take turns, so that changes of the machine's
/// speed meet all of them alike.
package struct Benchmark {
    /// How many texts (pictures, recordings) of which lengths go through at once.
    package enum Load: Sendable, Hashable, CustomStringConvertible {
        /// `batch` items of `tokens` tokens; of an encoder–decoder as many tokens of the source, and `target` (`nil`:
        /// as many) of the target. Models whose inputs have a fixed size take no notice of tokens.
        case shape(batch: Int, tokens: Int, target: Int? = nil)
        /// `batch` texts whose lengths are spread evenly over a range.
        case ragged(batch: Int, tokens: ClosedRange<Int>)

        package var description: String {
            switch self {
            case .shape(let batch, let tokens, let target): "\(batch)x\(tokens)" + (target.map { "+\($0)" } ?? "")
            case .ragged(let batch, let tokens): "\(batch)x\(tokens.lowerBound)-\(tokens.upperBound)"
            }
        }

        /// Lengths of the texts, the same at every call.
        package var lengths: [Int] {
            switch self {
            case .shape(let batch, let tokens, _): return Array(repeating: tokens, count: batch)
            case .ragged(let batch, let tokens):
                var random = SplitMix(seed: 7)
                return (0..<batch).map { _ in tokens.lowerBound + random.next(below: tokens.count) }
            }
        }

        /// Tokens of the targets; `nil`: as many as the sources have.
        var target: Int? { if case .shape(_, _, let target) = self { target } else { nil } }
    }

    /// Speed of one model under one load.
    package struct Result: Sendable, Hashable, Codable {
        package let model: String
        package let load: String
        package let threads: Int
        /// Median of the runs, in seconds.
        package let seconds: Double
        /// Texts, pictures or recordings.
        package let itemsPerSecond: Double
        /// Rows of the last hidden state: tokens of a text, of a target, patches of a picture.
        package let tokensPerSecond: Double
        /// Multiply-adds of the **first** model's graph, twice, by time: what a user gets for the same job.
        package let effectiveGigaflops: Double
        /// Rounds in which every model took its turn.
        package let rounds: Int
        /// How many times as fast as the first model: its median time by this one's.
        package let speedup: Double
        /// Where 95 of 100 such ratios lie when rounds are drawn again (`SpeedRatio`).
        package let speedupLow: Double
        package let speedupHigh: Double
        /// The speed-up that the cost model predicts: the first model's multiply-adds by this model's.
        package let ceiling: Double
        /// How deep the inputs went; `nil` for a model without exits.
        package internal(set) var exits: ExitStudy?

        /// What one model's times say beside the first one's.
        ///
        /// - Parameters:
        ///   - times: Seconds of this model, one entry a round.
        ///   - first: Seconds of the first model in the same rounds.
        ///   - items: Texts, pictures or recordings of a run, `tokens` their rows of the last hidden state.
        ///   - multiplyAdds: Of a run of this model and of the first one.
        package init(
            model: String, load: String, threads: Int, times: [Double], first: [Double], items: Int, tokens: Double,
            multiplyAdds: (own: Double, first: Double)
        ) {
            let median = SpeedRatio.median(times), ratio = SpeedRatio(first, times)
            self.model = model
            self.load = load
            self.threads = threads
            seconds = median
            itemsPerSecond = Double(items) / median
            tokensPerSecond = tokens / median
            effectiveGigaflops = 2 * multiplyAdds.first / median / 1e9
            rounds = times.count
            speedup = ratio.value
            speedupLow = ratio.low
            speedupHigh = ratio.high
            ceiling = multiplyAdds.first / max(multiplyAdds.own, 1)
        }
    }

    /// Shortest time that a model is measured for, and the fewest and most runs.
    static let minimumSeconds = 1.0
    static let runs = 5...200

    let models: [(name: String, model: Model)]

    package init(_ models: [(name: String, model: Model)]) { self.models = models }

    /// Measures all models under one load, on the same threads.
    package func measure(_ load: Load, with resources: ExecutionResources) throws(VerificationError) -> [Result] {
        guard let first = models.first else { return [] }
        let lengths = load.lengths
        var compiled: [CompiledModel] = []
        for (_, model) in models {
            do { compiled.append(try CompiledModel(model, options: .init(resources: resources))) } catch {
                throw VerificationError(error)
            }
        }
        if let limit = compiled.compactMap(\.maximumTokens).min(), let longest = lengths.max(), longest > limit {
            throw .runtime(.sequenceTooLong(index: 0, tokens: longest, limit: limit))
        }
        let graph = first.model.graph
        let sequences = MadeUpInputs.sequences(lengths, target: load.target, graph: graph)
        var times = [[Double]](repeating: [], count: models.count)
        let clock = ContinuousClock()
        // One unmeasured round brings caches and memory into the state of steady work.
        for model in compiled { try Self.run(model, sequences) }
        while times[0].count < Self.runs.upperBound
            && (times[0].count < Self.runs.lowerBound || times[0].reduce(0, +) < Self.minimumSeconds)
        {
            for (index, model) in compiled.enumerated() {
                let start = clock.now
                try Self.run(model, sequences)
                times[index].append((clock.now - start) / .seconds(1))
            }
        }
        // A model that merges tokens hands out no hidden states.
        let states = graph.hiddenStates.last ?? graph.attentionNodes.first?.name
        let rows = states.flatMap { graph.shapes[$0]?.rows } ?? .tokens
        let tokens = Double(sequences.reduce(0) { $0 + compiled[0].visibleRows(of: $1, along: rows) })
        let multiplyAdds = models.map { _, model in
            lengths.reduce(0.0) { $0 + Double(model.graph.cost(tokens: $1).multiplyAdds) }
        }
        return models.enumerated().map { index, model in
            var result = Result(
                model: model.name, load: load.description, threads: resources.threads, times: times[index],
                first: times[0], items: sequences.count, tokens: tokens,
                multiplyAdds: (multiplyAdds[index], multiplyAdds[0]))
            result.exits = ExitStudy(of: compiled[index])
            return result
        }
    }

    private static func run(_ model: CompiledModel, _ sequences: [ModelInput]) throws(VerificationError) {
        do { try model.run(concurrently: sequences) { _ in } } catch { throw VerificationError(error) }
    }
}
