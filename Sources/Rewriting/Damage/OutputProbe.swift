import ModelGraph
import Runtime
import Statistics
import Tensors

/// Measures rewrites of one model against it, on texts kept back.
///
/// The source's outputs are computed once. Encoders are judged by their embeddings, divided by their length: the
/// model's own where its files say how they are made, else mean-pooled last hidden states; the order of their
/// similarities is included. Models that give numbers are judged by these; models that predict something by their
/// predictions, those of decoders on the tokens that are given (teacher forcing).
package struct OutputProbe {
    private enum Reference {
        case vectors(value: String, Matrix32)
        case predictions(value: String, Predictions)
        case numbers(values: [String], NumberOutputs)
    }

    private let reference: Reference
    private let sequences: [ModelInput]
    private let pooling: Pooling?
    private let resources: ExecutionResources
    /// Where runs of rewrites begin.
    private var activations: CachedActivations

    /// Texts that judge: the larger of two limits on memory.
    package static let judgingTexts = 2000
    /// Texts whose pairs are compared; the number of pairs grows with the square.
    private static let pairedTexts = 600
    /// Logits that are kept of the source, and the fewest and the most rows of them.
    private static let keptLogits = 1 << 25
    private static let predictedRows = 512...8192
    /// Bytes of activations that are kept.
    private static let keptActivations = 384 << 20

    /// Rows of predictions that are compared at most, for so many classes.
    package static func predictedRows(width: Int) -> Int {
        min(max(keptLogits / max(width, 1), predictedRows.lowerBound), predictedRows.upperBound)
    }

    /// - Parameters:
    ///   - pooling: How embeddings are made where the model's files do not say it: the model is used for them then.
    ///     `nil`: as the files say.
    ///   - nodes: Rewrites will differ from the source in some of these, and in little else: they run from there.
    package init(
        source: Model, sequences: [ModelInput], pooling: Pooling? = nil, rewriting nodes: Set<String> = [],
        resources: ExecutionResources
    ) throws(AnalysisError) {
        self.resources = resources
        self.pooling = pooling
        let source = try source.pooled(by: pooling)
        let graph = source.graph
        let measure = Self.measure(of: graph, pooling)
        guard let measure else { throw .mismatch("the model has no output that could be compared") }
        let sequences = try Self.judges(among: sequences, of: source, measure, resources)
        self.sequences = sequences
        activations = try CachedActivations(
            of: source, graph.cuts(before: nodes), sequences: sequences,
            keeping: resources.keeping(Self.keptActivations),
            resources: resources)
        // The source's outputs are computed from there as well.
        let begun = try activations.begun(
            source, observing: Observation(values: Set(measure.values)), resources: resources)
        switch measure {
        case .numbers(let values):
            reference = .numbers(values: values, try NumberOutputs(of: begun, values: values, sequences: sequences))
        case .predictions(let value):
            let targets = graph.predictedTokens.map { tokens in sequences.map { $0.nextIDs(tokens) } }
            reference = .predictions(
                value: value,
                try Predictions(of: begun, value: value, sequences: sequences, targets: targets))
        case .vectors(let value):
            reference = .vectors(value: value, try Self.vectors(begun, value))
        }
    }

    /// What models are compared by.
    private enum Measure {
        case vectors(String), predictions(String), numbers([String])

        var values: [String] {
            switch self {
            case .vectors(let value), .predictions(let value): [value]
            case .numbers(let values): values
            }
        }
    }

    private static func measure(of graph: CheckedGraph, _ pooling: Pooling?) -> Measure? {
        if graph.use == .numbers, pooling == nil, !graph.numberOutputs.isEmpty {
            return .numbers(graph.numberOutputs.map(\.value))
        }
        if graph.use != .encoder, pooling == nil, let value = graph.predictions, graph.shapes[value] != nil {
            return .predictions(value)
        }
        return (graph.embedding ?? graph.hiddenStates.last ?? graph.outputs.first?.value).map(Measure.vectors)
    }

    /// The texts that judge: of predictions and numbers as many rows as memory should hold of them.
    private static func judges(
        among sequences: [ModelInput], of source: Model, _ measure: Measure, _ resources: ExecutionResources
    ) throws(AnalysisError) -> [ModelInput] {
        let shapes = measure.values.compactMap { source.graph.shapes[$0] }
        let width = shapes.reduce(0) { $0 + $1.width }
        let wanted: Int
        switch measure {
        case .vectors: return Array(sequences.prefix(judgingTexts))
        case .predictions: wanted = predictedRows(width: width)
        case .numbers: wanted = max(keptLogits / max(width, 1), predictedRows.lowerBound)
        }
        let compiled = try source.compiled(resources: resources, observing: Observation(values: Set(measure.values)))
        var part: [ModelInput] = []
        var rows = 0
        for sequence in sequences.prefix(judgingTexts) where rows < wanted {
            part.append(sequence)
            rows += shapes.map { compiled.visibleRows(of: sequence, along: $0.rows) }.max() ?? 0
        }
        return part
    }

    /// Lets rewrites run from what a model computes that they are made of.
    ///
    /// - Parameter nodes: What they may differ in.
    mutating func advance(to model: Model, rewriting nodes: Set<String>) throws(AnalysisError) {
        let model = try model.pooled(by: pooling)
        activations = try CachedActivations(
            of: model, model.graph.cut(before: nodes), sequences: sequences,
            keeping: resources.keeping(Self.keptActivations),
            from: activations, resources: resources)
    }

    /// The difference of a rewrite's outputs from the source's.
    package func difference(of rewrite: Model) throws(AnalysisError) -> OutputDifference {
        func begun(_ values: [String]) throws(AnalysisError) -> BegunModel {
            try activations.begun(
                rewrite.pooled(by: pooling), observing: Observation(values: Set(values)), resources: resources)
        }
        switch reference {
        case .vectors(let value, let before):
            return try Self.compare(before, try Self.vectors(begun([value]), value), CancellableWorkers(resources))
        case .predictions(let value, let before):
            return try before.difference(of: begun([value]), value: value, sequences: sequences, resources: resources)
        case .numbers(let values, let before):
            return try before.difference(of: begun(values), sequences: sequences)
        }
    }

    private static func vectors(_ model: BegunModel, _ value: String) throws(AnalysisError) -> Matrix32 {
        let vectors = Matrix32(try model.vectors(of: value))
        guard vectors.elements.allSatisfy(\.isFinite) else { throw .noNumbers(value) }
        return vectors
    }

    private static func compare(
        _ before: Matrix32, _ after: Matrix32, _ workers: CancellableWorkers
    ) throws(AnalysisError) -> OutputDifference {
        let cosines = (0..<before.rows).map { before.dot($0, after, $0) }
        var source: [Double] = [], rewrite: [Double] = []
        let count = min(before.rows, pairedTexts)
        for left in 0..<count {
            try workers.check()
            for right in left + 1..<max(count, left + 1) {
                source.append(before.dot(left, before, right))
                rewrite.append(after.dot(left, after, right))
            }
        }
        let mean = source.reduce(0, +) / Double(max(source.count, 1))
        let variance = source.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = zip(source, rewrite).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return OutputDifference(
            cosine: 1 - cosines.reduce(0, +) / Double(max(cosines.count, 1)),
            pairs: variance > 0 ? error / variance : nil,
            pairsSpearman: correlation(RankCorrelation.ranks(source), RankCorrelation.ranks(rewrite)))
    }
}

/// Float rows for comparing.
private struct Matrix32: Sendable {
    let rows: Int
    let columns: Int
    let elements: [Float]

    /// - Parameter tensors: Equally wide.
    init(_ tensors: [Tensor]) {
        columns = tensors.first?.shape.extents.last ?? 0
        elements = tensors.flatMap(\.floats)
        rows = columns > 0 ? elements.count / columns : 0
    }

    func dot(_ row: Int, _ other: Matrix32, _ otherRow: Int) -> Double {
        elements.withUnsafeBufferPointer { left in
            other.elements.withUnsafeBufferPointer { right in
                var sum = 0.0
                for column in 0..<columns {
                    sum += Double(left[row * columns + column]) * Double(right[otherRow * columns + column])
                }
                return sum
            }
        }
    }
}
