import Matrices
import ModelGraph
import Platform
import Rewriting
import Tensors

/// Quantises the matrices of one stream: factors of its inputs, refitted weights, rounding that makes up for itself.
///
/// Everything is chosen by the error of the products on rows that fitted nothing. Columns are taken slice by slice, so
/// that memory holds the whole of a wide matrix in 8 bits only.
struct StreamFit {
    let unit: QuantizationUnit
    let precision: Precision
    let workers: CancellableWorkers

    /// Exponents that are tried: how much of the inputs' unevenness goes into the weights (arXiv 2211.10438).
    static let exponents: [Double] = [0.3, 0.4, 0.5, 0.65, 0.8]
    /// Factors must lower the error by this much to be worth a multiplication an element.
    private static let leastGain = 0.02
    /// Inputs up to which a square matrix of sums is worth its memory: wider ones are rounded to nearest.
    private static let widestSums = 8192
    /// Inputs up to which weights are refitted as well.
    private static let widestRefit = 3072
    /// Rows that tell a mean well enough to correct a bias by.
    private static let leastRows = 256
    /// Columns that are worked on at a time.
    private static let slice = 2048

    /// The result, and what it was chosen by.
    struct Result {
        var stream: QuantizedStream
        var smoothing: Double?
        var strength: Double?
        /// Squared errors as shares of the products' energy.
        var error = 0.0
        var plainError = 0.0
    }

    func fit(_ weights: StreamWeights, rows: StreamRows) throws(AnalysisError) -> Result? {
        guard !rows.chunks.isEmpty, let first = try rows.part(0) else { return nil }
        let sample = StreamSample(first)
        guard sample.wanted.rows > 0 else { return nil }
        let probe = weights.block(weights.sample(of: Self.slice))
        let smoothed = try smoothing(probe, sample)
        let features = try sample.features(smoothed.factors, rounds: rounds, workers)
        var sums: StreamSums?
        if weights.rows <= Self.widestSums {
            sums = try self.sums(rows, first: first, factors: smoothed.factors, weights)
        }
        let isCentred = weights.bias != nil && (sums?.train.count ?? 0) >= Self.leastRows
        let solver = sums.map { StreamSolver($0, isCentred: isCentred, workers: workers) }
        let refit = try solver?.refit(for: scaled(probe, smoothed.factors))
        let rounding = solver.flatMap { OptimalRounding(gram: $0.gram) }
        var result = Result(
            stream: QuantizedStream(smoothing: smoothed.factors), smoothing: smoothed.exponent,
            strength: refit?.strength)
        var parts = QuantizedColumns(rows: weights.rows)
        var shifts: [Double] = []
        var energy = 0.0, isFitted = false
        for start in stride(from: 0, to: weights.columns, by: Self.slice) {
            try workers.check()
            let old = weights.block(Array(start..<min(start + Self.slice, weights.columns)))
            let target = sample.wanted.multiplied(by: old)
            let prior = scaled(old, smoothed.factors)
            energy += target.dot(target)
            let plain = try quantized(prior, features.columnEnergies, nil)
            let plainError = Self.error(features.multiplied(by: plain.grid.numbers(plain.values)), target)
            result.plainError += plainError
            var chosen = plain, error = plainError, shift = [Double](repeating: 0, count: old.columns)
            if let solver, let rounding {
                let finer = try quantized(solver.weights(prior, refit), solver.energies, rounding)
                let numbers = finer.grid.numbers(finer.values)
                let moved = solver.shift(for: numbers, prior)
                let finerError = Self.error(features.multiplied(by: numbers), target, moved)
                if finerError < plainError {
                    (chosen, error, shift, isFitted) = (finer, finerError, moved ?? shift, true)
                }
            }
            result.error += error
            parts.append(chosen.values, chosen.grid)
            shifts += shift
        }
        energy = max(energy, .leastNormalMagnitude)
        guard energy.isFinite, result.error.isFinite else { return nil }
        result.error /= energy
        // Of the matrices as they were: without factors as well.
        result.plainError = smoothed.gain * result.plainError / energy
        if !isFitted { result.strength = nil }
        result.stream.matrices = parts.matrices(weights)
        if let bias = weights.bias, shifts.contains(where: { $0 != 0 }) {
            for (name, columns) in weights.ranges {
                result.stream.biases[Self.biasName(of: name)] = columns.map { Float(bias[$0] + shifts[$0]) }
            }
        }
        return result
    }

    /// Rounds to nearest without any data.
    func plain(_ weights: StreamWeights) throws(AnalysisError) -> QuantizedStream {
        var parts = QuantizedColumns(rows: weights.rows)
        for start in stride(from: 0, to: weights.columns, by: Self.slice) {
            try workers.check()
            let block = weights.block(Array(start..<min(start + Self.slice, weights.columns)))
            let part = try quantized(block, [Double](repeating: 1, count: block.rows), nil)
            parts.append(part.values, part.grid)
        }
        return QuantizedStream(matrices: parts.matrices(weights))
    }

    /// Name of the bias behind a matrix.
    static func biasName(of matrix: String) -> String {
        matrix == "weight" ? "bias" : matrix.replacing("_weight", with: "_bias")
    }

    private var rounds: Bool { precision.kind == .int8 }

    /// Weights for inputs that are multiplied by factors.
    private func scaled(_ weights: Matrix, _ factors: [Float]?) -> Matrix {
        factors.map { weights.scalingRows(by: $0.map { 1 / Double($0) }) } ?? weights
    }

    /// Weights on a grid of their own: at the nearest values, or by `rounding`.
    private func quantized(
        _ weights: Matrix, _ energies: [Double], _ rounding: OptimalRounding?
    ) throws(AnalysisError) -> (values: [Int8], grid: WeightGrid) {
        let grid = try WeightGrid(
            for: weights, energies: energies, kind: precision.kind, group: precision.group, workers)
        guard let rounding else { return (try grid.nearest(weights, workers), grid) }
        return (try rounding.round(weights, to: grid, workers), grid)
    }

    /// Squared error of a product.
    ///
    /// - Parameter shift: Added to each row; `nil`: nothing.
    private static func error(_ product: Matrix, _ target: Matrix, _ shift: [Double]? = nil) -> Double {
        var sum = 0.0
        for row in 0..<product.rows {
            for column in 0..<product.columns {
                let index = row * product.columns + column
                let rest = product.elements[index] + (shift?[column] ?? 0) - target.elements[index]
                sum += rest * rest
            }
        }
        return sum.isFinite ? sum : .infinity
    }

    /// The factors with the least error of plain rounding, and how many times as large the error is without them.
    private func smoothing(
        _ weights: Matrix, _ sample: StreamSample
    ) throws(AnalysisError) -> (factors: [Float]?, exponent: Double?, gain: Double) {
        guard rounds else { return (nil, nil, 1) }
        let target = sample.wanted.multiplied(by: weights)
        func error(_ factors: [Float]?) throws(AnalysisError) -> Double {
            let features = try sample.features(factors, rounds: true, workers)
            let part = try quantized(scaled(weights, factors), features.columnEnergies, nil)
            return Self.error(features.multiplied(by: part.grid.numbers(part.values)), target)
        }
        let plain = try error(nil)
        var best: (factors: [Float]?, exponent: Double?, gain: Double) = (nil, nil, 1)
        let reach = (0..<weights.rows).map { row in
            weights.elements[row * weights.columns..<(row + 1) * weights.columns].reduce(0) { $0 + $1 * $1 }
                .squareRoot()
        }
        var least = plain * (1 - Self.leastGain)
        for exponent in Self.exponents {
            let factors = Self.factors(sample.extremes, reach, exponent)
            let error = try error(factors)
            if error < least { (best, least) = ((factors, exponent, plain / error), error) }
        }
        return best
    }

    /// ‖weights‖^(1−α) / max |input|^α of each input, about their geometric mean.
    private static func factors(_ inputs: [Float], _ weights: [Double], _ exponent: Double) -> [Float] {
        let logs = zip(inputs, weights).map { input, weight -> Double? in
            guard input > 0, weight > 0 else { return nil }
            return (1 - exponent) * log(weight) - exponent * log(Double(input))
        }
        let known = logs.compactMap { $0 }
        let mean = known.reduce(0, +) / Double(max(known.count, 1))
        // No factor is so large that a column of zeros in the data drowns the others when it wakes.
        return logs.map { log in log.map { Float(exp(min(max($0 - mean, -5), 5))) } ?? 1 }
    }

    private func sums(
        _ rows: StreamRows, first: StreamRows.Part, factors: [Float]?, _ weights: StreamWeights
    ) throws(AnalysisError) -> StreamSums? {
        var sums = StreamSums(inputs: weights.rows, refits: weights.rows <= Self.widestRefit)
        for index in rows.chunks.indices {
            guard let part = try index == 0 ? first : rows.part(index) else { return nil }
            if let factors {
                try RowRounding.multiply(part.given, by: factors, workers)
                try RowRounding.multiply(part.wanted, by: factors, workers)
            }
            if rounds { try RowRounding.round(part.given, workers) }
            try sums.add(part, workers)
        }
        return sums.train.count > 0 ? sums : nil
    }
}
