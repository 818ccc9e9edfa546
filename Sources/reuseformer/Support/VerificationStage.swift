import ModelGraph
import ReuseTransformers
import Runtime
import Verification

/// The comparison of two models with progress on the terminal.
struct VerificationStage {
    let source: TransformerModel
    let converted: TransformerModel
    let resources: ExecutionResources
    let progress: Progress

    /// What was measured, and on what.
    struct Found {
        var metrics: [Measurement] = []
        var data = VerificationReport.Data([])
        var exactness: Exactness?
    }

    func measure(data: String?, labels: String?, pairs: String?, maxLength: Int) throws -> Found {
        let reader = try DataReader(for: source, limit: maxLength)
        var found = Found()
        if let data {
            let sequences = try reader.sequences(of: data)
            found = try fidelity(on: sequences, masking: reader.masking)
            if let labels {
                let classes = try ClassLabels(labels, names: source.model.traits.labels)
                found.metrics.append(try task().accuracy(of: sequences, labels: classes.indices))
            }
        }
        if let pairs {
            progress.begin("Scoring pairs")
            let scored = try ScoredPairs(pairs).rows.map { row in
                ScoredPair(
                    first: try reader.sequence(of: row.first), second: try reader.sequence(of: row.second),
                    score: row.score)
            }
            found.metrics.append(try task().spearman(of: scored))
        }
        return found
    }

    /// Fidelity, and exactness where no head was replaced.
    func fidelity(on sequences: [ModelInput], masking: Masking?) throws -> Found {
        progress.begin("Comparing the models")
        let study = try FidelityStudy(
            source: source.model, converted: converted.model, options: .init(resources: resources, masking: masking))
        var found = Found()
        found.data = .init(sequences)
        found.metrics = try study.measure(sequences) { progress.advance(to: $0, of: sequences.count) }
        if source.model.graph == converted.model.graph {
            found.exactness = try Exactness.check(
                source.model, against: converted.model, promise: .unchanged, on: sequences, resources: resources)
        }
        return found
    }

    /// Speeds of both models at 32 texts of 128 tokens, or of as many as the model takes; or at 32 pictures.
    func time() throws -> [Benchmark.Result] {
        progress.begin("Timing the models")
        let tokens = min(128, source.model.traits.maximumTokens ?? 128)
        return try Benchmark([(source.name, source.model), (converted.name, converted.model)])
            .measure(.shape(batch: 32, tokens: tokens), with: resources)
    }

    func report(_ found: Found, gates: [Gate]) throws -> VerificationReport {
        try VerificationReport(
            source: .init(name: source.name, provenance: source.model.provenance),
            converted: .init(name: converted.name, provenance: converted.model.provenance), data: found.data,
            savings: Savings(source: source.model.graph, converted: converted.model.graph), metrics: found.metrics,
            cache: try CacheStudy(source: source.model, converted: converted.model, resources: resources),
            exactness: found.exactness,
            gates: gates)
    }

    private func task() throws -> TaskStudy {
        try TaskStudy(source: source.model, converted: converted.model, resources: resources)
    }
}
