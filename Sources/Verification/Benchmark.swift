import ModelGraph
import Runtime
import Tensors

/// Speed of models on made-up tokens: they take turns, so that a machine's moods hit all of them alike.
package struct Benchmark {
    /// How many texts of which lengths go through at once.
    package enum Load: Sendable, Hashable, CustomStringConvertible {
        /// `batch` texts of `tokens` tokens.
        case shape(batch: Int, tokens: Int)
        /// `batch` texts whose lengths are spread evenly over a range.
        case ragged(batch: Int, tokens: ClosedRange<Int>)

        package var description: String {
            switch self {
            case .shape(let batch, let tokens): "\(batch)x\(tokens)"
            case .ragged(let batch, let tokens): "\(batch)x\(tokens.lowerBound)-\(tokens.upperBound)"
            }
        }

        /// Lengths of the texts, the same at every call.
        package var lengths: [Int] {
            switch self {
            case .shape(let batch, let tokens): return Array(repeating: tokens, count: batch)
            case .ragged(let batch, let tokens):
                var random = SplitMix(seed: 7)
                return (0..<batch).map { _ in tokens.lowerBound + random.next(below: tokens.count) }
            }
        }
    }

    /// Speed of one model under one load.
    package struct Result: Sendable, Hashable, Codable {
        package let model: String
        package let load: String
        package let threads: Int
        /// Median of the runs, in seconds.
        package let seconds: Double
        package let tokensPerSecond: Double
        /// Multiply-adds of the **first** model's graph, twice, by time: what a user gets for the same job.
        package let effectiveGigaflops: Double
        /// How many times as fast as the first model: median of the ratios of neighbouring runs.
        package let speedup: Double
    }

    /// Shortest time that a model is measured for, and the fewest and most runs.
    private static let minimumSeconds = 1.0
    private static let runs = 5...200

    private let models: [(name: String, model: Model)]

    package init(_ models: [(name: String, model: Model)]) { self.models = models }

    /// Measures all models under one load.
    package func measure(_ load: Load, threads: Int) throws(VerificationError) -> [Result] {
        guard let first = models.first else { return [] }
        let lengths = load.lengths
        var compiled: [CompiledModel] = []
        for (_, model) in models {
            do { compiled.append(try CompiledModel(model, options: .init(threads: threads))) } catch {
                throw .runtime(error)
            }
        }
        if let limit = compiled.compactMap(\.maximumTokens).min(), let longest = lengths.max(), longest > limit {
            throw .runtime(.sequenceTooLong(index: 0, tokens: longest, limit: limit))
        }
        let sequences = Self.sequences(lengths, graph: first.model.graph)
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
        let tokens = Double(lengths.reduce(0, +))
        let operations = lengths.reduce(0.0) { $0 + 2 * Double(first.model.graph.cost(tokens: $1).multiplyAdds) }
        return models.enumerated().map { index, model in
            let seconds = Self.median(times[index])
            return Result(
                model: model.name, load: load.description, threads: threads, seconds: seconds,
                tokensPerSecond: tokens / seconds, effectiveGigaflops: operations / seconds / 1e9,
                speedup: Self.median(zip(times[0], times[index]).map { $0 / $1 }))
        }
    }

    private static func run(_ model: CompiledModel, _ sequences: [TokenSequence]) throws(VerificationError) {
        do { try model.run(concurrently: sequences) { _ in } } catch { throw .runtime(error) }
    }

    private static func sequences(_ lengths: [Int], graph: Graph) -> [TokenSequence] {
        let vocabulary =
            graph.nodes.compactMap { node in
                if case .embedding(let embedding) = node.operation { embedding.vocabulary } else { nil }
            }.min() ?? 1
        var random = SplitMix(seed: 11)
        // Speed does not depend on the ids; ids near 0 are often special, and one of them may mean padding.
        let low = min(1000, vocabulary / 2)
        return lengths.map { length in
            TokenSequence(ids: (0..<length).map { _ in Int32(low + random.next(below: vocabulary - low)) })
        }
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
