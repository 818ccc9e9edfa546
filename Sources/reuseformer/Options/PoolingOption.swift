import ArgumentParser
import ReuseTransformers

/// How a model's embeddings are made, where its files do not say it.
struct PoolingOption: ParsableArguments {
    @Option(
        name: .customLong("pool"),
        help: ArgumentHelp(
            "The model is used for embeddings that are made so: damage, repair and judgement are in terms of them.",
            discussion: "Without it, as the model's files say.", valueName: "pooling"))
    var pooling: TextEmbedder.Pooling?
}

extension TextEmbedder.Pooling: ExpressibleByArgument {
    /// The way that `--pool` calls so.
    public init?(argument: String) { self.init(named: argument) }

    /// What `--pool` knows.
    public static var allValueStrings: [String] { names }
}
