import JSON
import ModelGraph
import Platform

/// `Pooling`: one row a text from one row a token, in one way or in several side by side.
///
/// A new way is a case of `ModelGraph.Pooling` and a line in `modes`.
struct PoolingModule: SentenceModule {
    static let className = "Pooling"

    /// The ways, in the order in which their results stand side by side: key of releases up to 5.3, value of
    /// `pooling_mode` of later ones.
    private static let modes: [(flag: String, name: String, pooling: Pooling)] = [
        ("pooling_mode_cls_token", "cls", .first),
        ("pooling_mode_max_tokens", "max", .max),
        ("pooling_mode_mean_tokens", "mean", .mean),
        ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", .meanSquareRoot),
        ("pooling_mode_weightedmean_tokens", "weightedmean", .weightedMean),
        ("pooling_mode_lasttoken", "lasttoken", .last),
    ]

    let poolings: [Pooling]
    /// Whether a prompt's tokens count.
    let poolsPrompt: Bool

    init(_ files: inout ModuleFiles) throws(FileError) {
        var config = try files.config()
        var poolings: [Pooling] = []
        var isSaid = false
        for mode in Self.modes {
            guard let isWanted = try config.flag(mode.flag) else { continue }
            isSaid = true
            if isWanted { poolings.append(mode.pooling) }
        }
        if let value = config.take("pooling_mode") {
            let names = (value.arrayValue ?? [value]).compactMap(\.stringValue)
            let known = Self.modes.filter { names.contains($0.name) }
            guard !names.isEmpty, known.count == Set(names).count else {
                throw FileError(
                    .unsupported, path: config.path,
                    "\"pooling_mode\" is \(names.first.map { "\"\($0.printable)\"" } ?? value.shortDescription), "
                        + "known are \(Self.modes.map(\.name).joined(separator: ", "))")
            }
            let named = known.map(\.pooling)
            guard !isSaid || named == poolings else {
                throw FileError(
                    .corrupt, path: config.path, "\"pooling_mode\" and the older keys contradict each other")
            }
            poolings = named
        } else if !isSaid {
            // What the class takes where nothing is said.
            poolings = [.mean]
        }
        guard !poolings.isEmpty else { throw FileError(.corrupt, path: config.path, "no way of pooling is chosen") }
        poolsPrompt = try config.flag("include_prompt") ?? true
        config.setAside(
            "word_embedding_dimension", "embedding_dimension", because: "the transformer says how wide its rows are")
        try files.finish(config)
        if !poolsPrompt, poolings.contains(.first), poolings.contains(.max) {
            throw FileError(
                .unsupported, path: config.path,
                "\"include_prompt\" is false beside the poolings cls and max: the library overwrites the first row")
        }
        self.poolings = poolings
    }

    func append(to graph: inout SentenceGraph) throws(FileError) {
        let tokens = try graph.value(.tokens, for: Self.className)
        let mask = poolsPrompt ? nil : graph.poolingMask()
        var parts: [String] = []
        for pooling in poolings {
            let inputs = [tokens] + (pooling.takesMask ? [mask].compactMap(\.self) : [])
            parts.append(graph.add(pooling.rawValue, .pooling(pooling), inputs))
        }
        graph.set(.sentence, to: parts.count == 1 ? parts[0] : graph.add("together", .concatenate(.width), parts))
    }
}
