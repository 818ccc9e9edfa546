import Statistics

/// Seconds that the parts of a comparison took; 0 where nobody measured them.
package struct StudyTimes: Sendable, Hashable {
    /// What is measured in one go.
    package enum Study: Sendable, Hashable {
        /// Both models on the data, side by side.
        case fidelity
        /// Whether outputs are the same, bit by bit.
        case exactness
        /// The models at their task, on labelled data.
        case labels
        /// The models on scored pairs of texts.
        case pairs
        /// The models against the clock.
        case speed

        /// The study that a metric comes from; `nil`: it is counted, not measured.
        package init?(of metric: Metric) {
            switch metric {
            case .hiddenCosineMean, .hiddenCosineMin, .hiddenCosineP01, .hiddenRelativeError, .pooledCosineMean,
                .pairsSpearman, .logitsKLMean, .top1Agreement, .perplexityRatio, .perplexity, .outputRelativeError,
                .outputR2, .mapsTVMean:
                self = .fidelity
            case .accuracy, .meanAbsoluteError, .r2: self = .labels
            case .spearman: self = .pairs
            case .speedup: self = .speed
            case .mapsSaved, .macsSaved, .macsSavedMean, .paramsSaved, .bytesSaved, .cacheSaved: return nil
            }
        }
    }

    private var seconds: [Study: Double] = [:]

    package init() {}

    package subscript(study: Study) -> Double {
        get { seconds[study] ?? 0 }
        set { seconds[study] = newValue }
    }

    /// All seconds.
    package var total: Double { seconds.values.reduce(0, +) }

    /// Adds the time since a moment to a study.
    package mutating func add(_ study: Study, since start: ContinuousClock.Instant) {
        let passed = (ContinuousClock.now - start).components
        self[study] += Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
    }

    /// The seconds of a study that were not taken yet: what several things rest on was measured once.
    package mutating func take(_ study: Study) -> Double { seconds.removeValue(forKey: study) ?? 0 }
}
