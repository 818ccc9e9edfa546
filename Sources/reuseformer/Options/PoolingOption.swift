import ArgumentParser
import ReuseTransformers

/// How a model's embeddings are made, where its files do not say it.
struct PoolingOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The model is used for embeddings that are made so: damage, repair and judgement are in terms of them.",
            discussion: "Without it, as the model's files say.", valueName: "pooling"))
    var pool: Run.Pool?

    /// The same for the library.
    var pooling: TextEmbedder.Pooling? {
        switch pool {
        case nil: nil
        case .mean: .mean
        case .first, .cls: .first
        case .last: .last
        case .max: .max
        case .meanSquareRoot: .meanSquareRoot
        case .weightedMean: .weightedMean
        }
    }
}
