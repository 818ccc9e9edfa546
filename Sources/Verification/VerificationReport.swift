import ModelGraph
import Statistics

/// What a verification found: the document behind `verify --json` (schemas/report.schema.json).
package struct VerificationReport: Sendable, Hashable, Codable {
    /// A model that took part.
    package struct Subject: Sendable, Hashable, Codable {
        /// Name without folders.
        package let name: String
        package let architecture: String
        package let dialect: String
        package let files: [Model.Provenance.File]

        package init(name: String, provenance: Model.Provenance) {
            self.name = name
            architecture = provenance.architecture
            dialect = provenance.dialect
            files = provenance.files
        }
    }

    /// How a gate came out.
    package struct GateResult: Sendable, Hashable, Codable {
        /// The gate as it was written.
        package let condition: String
        package let metric: Metric
        /// What was measured; `nil` when that is no number.
        package let value: Double?
        /// Where the value would lie on other texts of the kind; `nil` where that cannot be told.
        package let interval: Interval?
        /// Whether the limit lies inside the interval: other texts of the kind might have judged otherwise.
        package let isClose: Bool
        package let passed: Bool
    }

    /// Name of the format.
    package static let formatName = "reuseformer-report"
    package static let currentVersion = 1

    package let format: String
    package let version: Int
    package let source: Subject
    package let converted: Subject
    package let data: Data
    package let savings: Savings
    package let metrics: [Measurement]
    /// What decoding keeps, measured; `nil` for models that don't decode token by token.
    package let cache: CacheStudy?
    package let exactness: Exactness?
    package let gates: [GateResult]
    /// What makes the numbers less sure than they look, and what to do about it, a sentence each.
    package let warnings: [String]
    /// Whether every gate passed and every promise of exactness held.
    package let passed: Bool
    /// Whether the model is good enough, by the gates or by defaults.
    package let verdict: ShippingVerdict
    /// How deep the judged inputs went; `nil` for a converted model without exits.
    package let exits: ExitStudy?
    /// Speeds, source first, where both models were timed.
    package var speed: [Benchmark.Result]?
    /// How the report came about; `nil` where nobody said it.
    package var circumstances: Circumstances?

    /// Judges measurements by gates.
    ///
    /// - Throws: `VerificationError.notMeasured` when a gate asks for something that was not measured.
    package init(
        source: Subject, converted: Subject, data: Data, savings: Savings, metrics: [Measurement],
        cache: CacheStudy? = nil, exits: ExitStudy? = nil, exactness: Exactness? = nil, gates: [Gate],
        warnings: [String] = []
    ) throws(VerificationError) {
        format = Self.formatName
        version = Self.currentVersion
        self.source = source
        self.converted = converted
        self.data = data
        self.savings = savings
        let order = Dictionary(uniqueKeysWithValues: Metric.allCases.enumerated().map { ($1, $0) })
        let mean = exits.map { study in
            [
                Measurement(
                    .macsSavedMean,
                    1 - Double(study.meanMultiplyAdds) / Double(max(savings.multiplyAdds.source, 1)))
            ]
        }
        let all = (metrics + savings.measurements + (mean ?? [])).sorted {
            // What is of all outputs stands before what is of one.
            (order[$0.metric, default: 0], $0.output ?? "") < (order[$1.metric, default: 0], $1.output ?? "")
        }
        self.metrics = all
        self.cache = cache
        self.exits = exits
        self.exactness = exactness
        var results: [GateResult] = []
        for gate in gates {
            guard let found = all.first(where: { $0.metric == gate.metric }) else {
                throw .notMeasured(gate.metric, measured: all.map(\.metric))
            }
            results.append(
                GateResult(
                    condition: gate.description, metric: gate.metric, value: found.value.isFinite ? found.value : nil,
                    interval: found.interval, isClose: found.interval?.contains(gate.condition.limit) ?? false,
                    passed: !gate.fails(found.value)))
        }
        self.gates = results
        self.warnings = warnings
        passed = results.allSatisfy(\.passed) && exactness?.holds != false
        verdict = ShippingVerdict(
            metrics: all, passed: passed, hasGates: !gates.isEmpty, texts: data.texts,
            isExact: exactness?.promise == .unchanged && exactness?.holds == true)
    }

    /// The value of a metric; `nil` when it was not measured.
    package subscript(metric: Metric) -> Double? { metrics.first { $0.metric == metric }?.value }
}
