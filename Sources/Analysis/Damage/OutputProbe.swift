import ModelGraph
import Runtime
import Tensors

/// Measures rewrites of one model against it, on texts kept back.
///
/// The source's outputs are computed once. Encoders are judged by mean-pooled, normalised vectors of the last hidden
/// state, the order of their similarities included; models with logits by their predictions.
package struct OutputProbe {
    private enum Reference {
        case vectors(value: String, Matrix32)
        case logits(value: String, [TokenSequence], [Matrix32])
    }

    private let reference: Reference
    private let sequences: [TokenSequence]
    private let threads: Int

    /// Texts whose pairs are compared; the number of pairs grows with the square.
    private static let pairedTexts = 600
    /// Tokens whose predictions over a vocabulary are compared.
    private static let predictedTokens = 1024
    /// Tokens whose logits are held at a time.
    private static let chunkTokens = 512

    package init(source: Model, sequences: [TokenSequence], threads: Int) throws(AnalysisError) {
        self.sequences = sequences
        self.threads = threads
        if source.graph.use != .encoder, let value = source.graph.value(ofOutput: "logits") {
            var part: [TokenSequence] = []
            var tokens = 0
            for sequence in sequences where tokens < Self.predictedTokens {
                part.append(sequence)
                tokens += sequence.visibleCount
            }
            reference = .logits(value: value, part, try Self.logits(source, value, part, threads))
        } else {
            guard let value = source.graph.hiddenStates.last ?? source.graph.outputs.first?.value else {
                throw .mismatch("the model has no output that could be compared")
            }
            reference = .vectors(value: value, try Self.vectors(source, value, sequences, threads))
        }
    }

    /// The difference of a rewrite's outputs from the source's.
    package func difference(of rewrite: Model) throws(AnalysisError) -> OutputDifference {
        switch reference {
        case .vectors(let value, let before):
            return Self.compare(before, try Self.vectors(rewrite, value, sequences, threads))
        case .logits(let value, let part, let before):
            return Self.compare(before, try Self.logits(rewrite, value, part, threads))
        }
    }

    // MARK: Encoders

    private static func vectors(
        _ model: Model, _ value: String, _ sequences: [TokenSequence], _ threads: Int
    ) throws(AnalysisError) -> Matrix32 {
        let compiled = try model.compiled(threads: threads, observing: Observation(values: [value]))
        do {
            return Matrix32(try compiled.vectors(of: value, for: sequences, pooling: .mean, normalize: true))
        } catch { throw .runtime(error) }
    }

    private static func compare(_ before: Matrix32, _ after: Matrix32) -> OutputDifference {
        let cosines = (0..<before.rows).map { before.dot($0, after, $0) }
        var source: [Double] = [], rewrite: [Double] = []
        let count = min(before.rows, pairedTexts)
        for left in 0..<count {
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
            pairsSpearman: correlation(ranks(source), ranks(rewrite)))
    }

    // MARK: Predictions

    private static func logits(
        _ model: Model, _ value: String, _ sequences: [TokenSequence], _ threads: Int
    ) throws(AnalysisError) -> [Matrix32] {
        let compiled = try model.compiled(threads: threads, observing: Observation(values: [value]))
        let shapes: [String: ValueShape]
        do { shapes = try model.graph.inferShapes() } catch { throw .graph(error) }
        if shapes[value]?.rows == .sequences {
            do { return [Matrix32(try compiled.vectors(of: value, for: sequences))] } catch { throw .runtime(error) }
        }
        var result: [Matrix32] = []
        for chunk in sequences.chunks(tokens: chunkTokens) {
            guard let rows = try compiled.collect(Array(sequences[chunk]), values: [value]).values[value] else {
                continue
            }
            result.append(Matrix32(rows))
        }
        return result
    }

    private static func compare(_ before: [Matrix32], _ after: [Matrix32]) -> OutputDifference {
        var divergence = 0.0
        var changed = 0
        var rows = 0
        for (source, rewrite) in zip(before, after) {
            for row in 0..<source.rows {
                let p = source.logProbabilities(row), q = rewrite.logProbabilities(row)
                divergence += zip(p, q).reduce(0) { $0 + exponential($1.0) * ($1.0 - $1.1) }
                if p.indices.max(by: { p[$0] < p[$1] }) != q.indices.max(by: { q[$0] < q[$1] }) { changed += 1 }
                rows += 1
            }
        }
        let n = Double(max(rows, 1))
        return OutputDifference(divergence: divergence / n, disagreement: Double(changed) / n)
    }
}

/// Float rows for comparing.
private struct Matrix32: Sendable {
    let rows: Int
    let columns: Int
    let elements: [Float]

    init(_ tensor: Tensor) {
        columns = tensor.shape.extents.last ?? 0
        rows = columns > 0 ? tensor.count / columns : 0
        elements = tensor.floats
    }

    init(_ buffer: RowBuffer) {
        rows = buffer.rows
        columns = buffer.columns
        elements = Array(UnsafeBufferPointer(start: buffer.base, count: buffer.rows * buffer.columns))
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

    /// Log-softmax of a row; a single column is the logit of one of two classes.
    func logProbabilities(_ row: Int) -> [Double] {
        var values = elements[row * columns..<(row + 1) * columns].map(Double.init)
        if columns == 1 { values.append(0) }
        let top = values.max() ?? 0
        let total = top + logarithm(values.reduce(0) { $0 + exponential($1 - top) })
        return values.map { $0 - total }
    }
}

/// Ranks with ties sharing their mean.
package func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var result = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        var end = start
        while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
        for index in start...end { result[order[index]] = Double(start + end) / 2 }
        start = end + 1
    }
    return result
}
