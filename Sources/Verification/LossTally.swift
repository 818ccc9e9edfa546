import ModelGraph
import Platform
import Statistics

/// Losses of two models on the same tokens, summed over all texts and kept text by text.
struct LossTally {
    private var source = RunningMean()
    private var converted = RunningMean()
    /// Loss of the converted model beyond the source's, and tokens.
    private var differences = TextSums(columns: 2)
    /// Loss of the converted model, and tokens.
    private var losses = TextSums(columns: 2)

    /// Adds one text's losses; the closures add those of one model each, token by token.
    mutating func add(
        source addSource: (inout RunningMean) -> Void, converted addConverted: (inout RunningMean) -> Void
    ) {
        let before = (source, converted)
        addSource(&source)
        addConverted(&converted)
        let tokens = Double(converted.count - before.1.count)
        guard tokens > 0, source.count - before.0.count == converted.count - before.1.count else { return }
        let loss = converted.sum - before.1.sum
        losses.add([loss, tokens])
        differences.add([loss - (source.sum - before.0.sum), tokens])
    }

    /// Perplexity, and its ratio to the source's; nothing where no token was predicted.
    var measurements: [Measurement] {
        guard let before = source.mean, let after = converted.mean else { return [] }
        return [
            .ofRatio(.perplexityRatio, exp(after - before), differences) { exp($0) },
            .ofRatio(.perplexity, exp(after), losses, source: exp(before)) { exp($0) },
        ]
    }
}
