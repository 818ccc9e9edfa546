import ModelGraph
import Platform
import Tensors

/// Quantises the matrices of one stream: factors of its inputs, refitted weights, rounding that makes up for itself.
///
/// Everything is chosen by the error of the products on rows that fitted nothing.
struct StreamFit {
    let unit: QuantizationUnit
    let precision: Precision
    let workers: CancellableWorkers

    /// Exponents that are tried: how much of the inputs' unevenness goes into the weights (arXiv 2211.10438).
    static let exponents: [Double] = [0.3, 0.4, 0.5, 0.65, 0.8]
    /// Factors must lower the error by this much to be worth a multiplication an element.
    private static let leastGain = 0.02
    /// Inputs up to which two square matrices of sums are worth their memory: wider ones are rounded to nearest.
    private static let widestSums = 8192
    /// Inputs up to which weights are refitted as well.
    private static let widestRefit = 3072
    /// Rows that tell a mean well enough to correct a bias by.
    private static let leastRows = 256

    /// The matrices side by side with their biases.
    struct Weights {
        let names: [String]
        let widths: [Int]
        let matrix: Matrix
        /// `nil` where a matrix has none of its own that may be changed.
        let bias: [Double]?
    }

    /// The result, and what it was chosen by.
    struct Result {
        var stream: QuantizedStream
        var smoothing: Double?
        var strength: Double?
        var error: Double
        var plainError: Double
    }

    func fit(_ weights: Weights, rows: StreamRows) throws(AnalysisError) -> Result? {
        guard !rows.chunks.isEmpty, let first = try rows.part(0) else { return nil }
        let sample = StreamSample(first)
        guard sample.wanted.rows > 0 else { return nil }
        let target = sample.wanted.multiplied(by: weights.matrix)
        let energy = max(target.dot(target), .leastNormalMagnitude)
        guard energy.isFinite else { return nil }
        let smoothed = try smoothing(weights.matrix, sample, target)
        let scaled = smoothed.factors.map { weights.matrix.scalingRows(by: $0.map { 1 / Double($0) }) } ?? weights.matrix
        let features = try sample.features(smoothed.factors, rounds: rounds, workers)
        let grid = try WeightGrid(
            for: scaled, energies: features.columnEnergies, kind: precision.kind, group: precision.group, workers)
        let plain = try grid.nearest(scaled, workers)
        var result = Result(
            stream: QuantizedStream(smoothing: smoothed.factors), smoothing: smoothed.exponent, strength: nil,
            error: smoothed.error / energy, plainError: smoothed.plainError / energy)
        result.stream.matrices = split(plain, grid, weights)
        guard weights.matrix.rows <= Self.widestSums,
            let sums = try sums(rows, first: first, factors: smoothed.factors, refits: refits(weights))
        else { return result }
        let isCentred = weights.bias != nil && sums.train.count >= Self.leastRows
        let solver = StreamSolver(sums, prior: scaled, isCentred: isCentred, workers: workers)
        let refit = refits(weights) ? try solver.refit() : nil
        let wanted = refit?.weight ?? scaled
        guard let rounding = OptimalRounding(gram: solver.gram) else { return result }
        let finer = try WeightGrid(
            for: wanted, energies: solver.energies, kind: precision.kind, group: precision.group, workers)
        let values = try rounding.round(wanted, to: finer, workers)
        let numbers = finer.numbers(values)
        let shift = isCentred ? solver.shift(for: numbers, scaled, wantedMeans: sums.wantedMeans) : nil
        let error = Self.error(features.multiplied(by: numbers), target, shift)
        guard error < smoothed.error else { return result }
        result.error = error / energy
        result.strength = refit?.strength
        result.stream.matrices = split(values, finer, weights)
        if let shift, let bias = weights.bias {
            var column = 0
            for (name, width) in zip(weights.names, weights.widths) {
                result.stream.biases[Self.biasName(of: name)] =
                    (column..<column + width).map { Float(bias[$0] + shift[$0]) }
                column += width
            }
        }
        return result
    }

    /// Rounds to nearest without any data.
    func plain(_ weights: Weights) throws(AnalysisError) -> QuantizedStream {
        let grid = try WeightGrid(
            for: weights.matrix, energies: ones(weights.matrix.rows), kind: precision.kind, group: precision.group,
            workers)
        var stream = QuantizedStream()
        stream.matrices = split(try grid.nearest(weights.matrix, workers), grid, weights)
        return stream
    }

    /// Name of the bias behind a matrix.
    static func biasName(of matrix: String) -> String {
        matrix == "weight" ? "bias" : matrix.replacing("_weight", with: "_bias")
    }

    private var rounds: Bool { precision.kind == .int8 }

    private func refits(_ weights: Weights) -> Bool { weights.matrix.rows <= Self.widestRefit }

    private func ones(_ count: Int) -> [Double] { [Double](repeating: 1, count: count) }

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

    /// The factors with the least error of plain rounding.
    private func smoothing(
        _ weights: Matrix, _ sample: StreamSample, _ target: Matrix
    ) throws(AnalysisError) -> (factors: [Float]?, exponent: Double?, error: Double, plainError: Double) {
        func error(_ factors: [Float]?) throws(AnalysisError) -> Double {
            let features = try sample.features(factors, rounds: rounds, workers)
            let scaled = factors.map { weights.scalingRows(by: $0.map { 1 / Double($0) }) } ?? weights
            let grid = try WeightGrid(
                for: scaled, energies: features.columnEnergies, kind: precision.kind, group: precision.group, workers)
            let numbers = grid.numbers(try grid.nearest(scaled, workers))
            return Self.error(features.multiplied(by: numbers), target)
        }
        let plain = try error(nil)
        var best: (factors: [Float]?, exponent: Double?, error: Double, plainError: Double) = (nil, nil, plain, plain)
        guard rounds else { return best }
        let reach = (0..<weights.rows).map { row in
            weights.elements[row * weights.columns..<(row + 1) * weights.columns].reduce(0) { $0 + $1 * $1 }
                .squareRoot()
        }
        for exponent in Self.exponents {
            let factors = Self.factors(sample.extremes, reach, exponent)
            let error = try error(factors)
            if error < min(best.error, plain * (1 - Self.leastGain)) {
                best = (factors, exponent, error, plain)
            }
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

    private func split(
        _ values: [Int8], _ grid: WeightGrid, _ weights: Weights
    ) -> [String: (values: [Int8], grid: WeightGrid)] {
        var result: [String: (values: [Int8], grid: WeightGrid)] = [:]
        var column = 0
        for (name, width) in zip(weights.names, weights.widths) {
            result[name] = (grid.columns(values, column..<column + width), grid.columns(column..<column + width))
            column += width
        }
        return result
    }

    private func sums(
        _ rows: StreamRows, first: StreamRows.Part, factors: [Float]?, refits: Bool
    ) throws(AnalysisError) -> StreamSums? {
        var sums: StreamSums?
        for index in rows.chunks.indices {
            guard let part = try index == 0 ? first : rows.part(index) else { return nil }
            if let factors {
                try RowRounding.multiply(part.given, by: factors, workers)
                try RowRounding.multiply(part.wanted, by: factors, workers)
            }
            if rounds { try RowRounding.round(part.given, workers) }
            var all = sums ?? StreamSums(inputs: part.given.columns, refits: refits)
            try all.add(part, workers)
            sums = all
        }
        guard let sums, sums.train.count > 0 else { return nil }
        return sums
    }
}

extension WeightGrid {
    /// The grid of some columns.
    func columns(_ range: Range<Int>) -> WeightGrid {
        guard range.count < columns else { return self }
        let groups = columns > 0 ? scales.count / columns : 0
        let part = (0..<groups).flatMap { scales[$0 * columns + range.lowerBound..<$0 * columns + range.upperBound] }
        return WeightGrid(scales: part, group: group, columns: range.count, lowest: lowest, highest: highest)
    }

    /// Some columns of whole numbers.
    func columns(_ values: [Int8], _ range: Range<Int>) -> [Int8] {
        guard range.count < columns else { return values }
        let rows = columns > 0 ? values.count / columns : 0
        return (0..<rows).flatMap { values[$0 * columns + range.lowerBound..<$0 * columns + range.upperBound] }
    }
}
