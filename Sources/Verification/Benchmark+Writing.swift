import Generation
import ModelGraph
import Runtime

extension Benchmark {
    /// Speed of one language model that reads prompts and goes on from them.
    package struct Writing: Sendable, Hashable, Codable {
        package let model: String
        package let load: String
        package let threads: Int
        /// Tokens that were added to each prompt.
        package let newTokens: Int
        /// Median time until the logits after the prompts are there.
        package let promptSeconds: Double
        /// Tokens of all prompts (of the sources, of an encoder–decoder) by that time.
        package let promptTokensPerSecond: Double
        /// Median time of a step, which adds a token to each text.
        package let stepSeconds: Double
        /// Tokens of all texts that are added in a second.
        package let newTokensPerSecond: Double
        /// Bytes kept for each token, and for each row of what cross-attention looks at.
        package let cacheBytesPerToken: Int
        package let cacheBytesPerMemoryRow: Int
        /// How many times as fast as the first model: its median time by this one's, and where 95 of 100 such ratios
        /// lie when rounds are drawn again (`SpeedRatio`).
        package let promptSpeedup: Double
        package let promptSpeedupLow: Double
        package let promptSpeedupHigh: Double
        package let stepSpeedup: Double
        package let stepSpeedupLow: Double
        package let stepSpeedupHigh: Double
    }

    /// Measures all models while they read prompts and add tokens to them; which tokens makes no difference.
    ///
    /// - Parameter newTokens: Tokens to add to each prompt.
    /// - Throws: `RuntimeError.notIncremental` for a model that does not go on token by token.
    package func measureWriting(
        _ load: Load, newTokens: Int, with resources: ExecutionResources
    ) throws(VerificationError) -> [Writing] {
        guard let first = models.first else { return [] }
        let prompts = MadeUpInputs.sequences(load.lengths, target: load.target ?? 1, graph: first.model.graph)
        var decoders: [DecoderModel] = []
        for (_, model) in models {
            do { decoders.append(try DecoderModel(model, resources: resources)) } catch {
                throw VerificationError(error)
            }
        }
        var times = [Times](repeating: Times(), count: models.count)
        func isEnough() -> Bool {
            let seconds = times[0].prompts.reduce(0, +) + times[0].steps.reduce(0, +)
            return times[0].prompts.count >= Self.runs.upperBound
                || times[0].prompts.count >= Self.runs.lowerBound && seconds >= Self.minimumSeconds
        }
        // One unmeasured round brings caches and memory into the state of steady work.
        for decoder in decoders { _ = try Self.write(decoder, prompts, newTokens: min(newTokens, 2)) }
        while !isEnough() {
            for (index, decoder) in decoders.enumerated() {
                let taken = try Self.write(decoder, prompts, newTokens: newTokens)
                times[index].prompts.append(taken.prompt)
                times[index].steps.append(taken.steps / Double(newTokens))
            }
        }
        let tokens = Double(load.lengths.reduce(0, +))
        return models.enumerated().map { index, model in
            let prompt = SpeedRatio.median(times[index].prompts), step = SpeedRatio.median(times[index].steps)
            let promptRatio = SpeedRatio(times[0].prompts, times[index].prompts)
            let stepRatio = SpeedRatio(times[0].steps, times[index].steps)
            return Writing(
                model: model.name, load: load.description, threads: resources.threads, newTokens: newTokens,
                promptSeconds: prompt, promptTokensPerSecond: tokens / prompt, stepSeconds: step,
                newTokensPerSecond: Double(prompts.count) / step,
                cacheBytesPerToken: decoders[index].cacheBytesPerToken,
                cacheBytesPerMemoryRow: decoders[index].cacheBytesPerMemoryRow,
                promptSpeedup: promptRatio.value, promptSpeedupLow: promptRatio.low,
                promptSpeedupHigh: promptRatio.high, stepSpeedup: stepRatio.value, stepSpeedupLow: stepRatio.low,
                stepSpeedupHigh: stepRatio.high)
        }
    }

    /// Seconds of each run's prompts, and of its mean step.
    private struct Times {
        var prompts: [Double] = []
        var steps: [Double] = []
    }

    /// Seconds of the prompts, and of all steps together.
    private static func write(
        _ decoder: DecoderModel, _ prompts: [ModelInput], newTokens: Int
    ) throws(VerificationError) -> (prompt: Double, steps: Double) {
        let clock = ContinuousClock()
        do {
            let start = clock.now
            let session = try decoder.session(prompts)
            let middle = clock.now
            for step in 0..<newTokens {
                try session.step(prompts.indices.map { Int32(($0 * 7 + step * 31) % decoder.vocabulary) })
            }
            return ((middle - start) / .seconds(1), (clock.now - middle) / .seconds(1))
        } catch { throw VerificationError(error) }
    }
}
