extension Metric {
    /// Whether more of it is better.
    package var isBetterHigher: Bool {
        switch self {
        case .hiddenRelativeError, .outputRelativeError, .logitsKLMean, .perplexityRatio, .perplexity, .mapsTVMean,
            .meanAbsoluteError:
            false
        default: true
        }
    }

    /// Values that it can have; `nil`: any number from 0.
    package var range: ClosedRange<Double>? {
        switch self {
        case .hiddenCosineMean, .hiddenCosineMin, .hiddenCosineP01, .pooledCosineMean, .pairsSpearman, .spearman: -1...1
        case .top1Agreement, .accuracy, .mapsTVMean: 0...1
        case .outputR2, .r2, .mapsSaved, .macsSaved, .macsSavedMean, .paramsSaved, .bytesSaved, .cacheSaved:
            -.infinity...1
        default: nil
        }
    }
}

extension Metric {
    /// Whether the number tells what is saved rather than how good a model is.
    package var isSaving: Bool {
        switch self {
        case .mapsSaved, .macsSaved, .macsSavedMean, .paramsSaved, .bytesSaved, .cacheSaved: true
        default: false
        }
    }
}

extension MetricCondition {
    /// Why it would hold, or not hold, whatever is measured; `nil` where it can do both.
    package var emptiness: String? {
        guard let range = metric.range, !range.contains(limit) else { return nil }
        let lowest = range.lowerBound.isFinite ? "from \(Int(range.lowerBound)) " : ""
        return "\(metric.rawValue) has values \(lowest)to \(Int(range.upperBound)): \(description) can only ever "
            + (holds(range.upperBound) ? "hold" : "not hold")
    }

    /// Whether it holds for good values rather than for bad ones.
    package var holdsForBetter: Bool {
        switch comparison {
        case .less, .lessOrEqual: !metric.isBetterHigher
        case .greater, .greaterOrEqual: metric.isBetterHigher
        case .equal, .unequal: false
        }
    }
}
