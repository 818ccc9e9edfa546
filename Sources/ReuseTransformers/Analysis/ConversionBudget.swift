import Analysis
import ModelGraph
import Plans

/// How much a conversion should save, or how good the model should stay.
///
///     let budgets: [ConversionBudget] = [
///         .maps(1 / 3),                                // a third of the attention maps
///         .multiplyAdds(0.1, tokens: 128),             // a tenth of the arithmetic at 128 tokens
///         .quality(.hiddenCosineMean, atLeast: 0.98),  // the largest saving that holds on texts kept back
///         try ConversionBudget("macs:10%@128"),        // as on the command line
///     ]
///     print(budgets)
public struct ConversionBudget: Sendable, Hashable, CustomStringConvertible {
    /// The budget as the command line spells it; plans carry it.
    public let description: String

    /// A budget as the command line spells it: `1/3`, `maps:1/3`, `macs:10%@128`, `bytes:8%`, `speed:1.5x@32x128`,
    /// `quality:METRIC>=VALUE`.
    ///
    /// - Throws: `.usage` when it cannot be read.
    public init(_ text: String) throws(TransformerError) {
        description = text
        _ = try parsed()
    }

    private init(spelled text: String) { description = text }

    /// Whether the budget is on quality, which only a conversion can measure.
    public var isQuality: Bool { description.hasPrefix("quality:") }

    /// The budget in the terms of the planner.
    package func parsed() throws(TransformerError) -> Budget {
        try TransformerError.mapping { try Budget(description) }
    }

    /// A share of the attention maps, 0…1.
    public static func maps(_ share: Double) -> ConversionBudget {
        ConversionBudget(spelled: "maps:\(share)")
    }

    /// A share of the multiply-adds at a sequence length, 0…1.
    public static func multiplyAdds(_ share: Double, tokens: Int) -> ConversionBudget {
        ConversionBudget(spelled: "macs:\(share)@\(tokens)")
    }

    /// A share of the parameters' bytes, 0…1.
    public static func bytes(_ share: Double) -> ConversionBudget {
        ConversionBudget(spelled: "bytes:\(share)")
    }

    /// Times as fast as the source on so many texts of a length, as the multiply-adds predict it.
    public static func speed(_ times: Double, texts: Int, tokens: Int) -> ConversionBudget {
        ConversionBudget(spelled: "speed:\(times)x@\(texts)x\(tokens)")
    }

    /// The largest saving with which a metric stays at or above a value on texts that are kept back.
    public static func quality(_ metric: QualityMetric, atLeast value: Double) -> ConversionBudget {
        ConversionBudget(spelled: "quality:\(metric.name)>=\(value)")
    }

    /// The largest saving with which a metric stays at or below a value on texts that are kept back.
    public static func quality(_ metric: QualityMetric, atMost value: Double) -> ConversionBudget {
        ConversionBudget(spelled: "quality:\(metric.name)<=\(value)")
    }
}

extension Budget {
    /// Whether whole layers are replaced, whatever was asked for: the budget has no word in front, which is no wish for
    /// a larger file, and single heads of layers that share their weights would have to be stored apart.
    package func replacesWholeLayers(of graph: CheckedGraph) -> Bool {
        guard case .attention = goal else { return false }
        return graph.canGrowByReuse
    }
}
