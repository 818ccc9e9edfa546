import Matrices
import ModelGraph
import Rewriting

/// The best replacement of a head's map among those that exist, by forward selection.
package struct Blend: Sendable {
    /// How many terms at most, and when to stop.
    package struct Limits: Sendable {
        /// Maps in one sum.
        package var terms = 3
        /// A further term must explain at least this share of the head's own energy.
        package var gain = 0.005
        /// Ridge on the weights, relative to the mean of the terms' energies.
        package var ridge = 1e-4
        /// A map that no other head of the layer reads must explain this share of the head's own energy more than one
        /// that is read anyway: of long texts a map comes from memory, and all heads of a layer read it at once.
        package var reading = 0.02

        package init() {}
    }

    package let terms: [MapTerm]
    /// Energy of the context that stays unexplained.
    package let residual: Double

    /// Selects among a head's candidates.
    ///
    /// - Parameters:
    ///   - isRead: Whether other heads of the layer read a map already.
    ///   - isAvailable: Whether a head still computes its map.
    /// - Returns: `nil` when no allowed map exists.
    package init?(
        _ candidates: HeadCandidates, moves: Moves, limits: Limits = Limits(),
        isRead: (HeadID) -> Bool = { _ in true }, isAvailable: (HeadID) -> Bool
    ) {
        let gram = candidates.gram
        let energy = gram[0, 0]
        let usable = candidates.maps.indices.filter { index in
            switch candidates.maps[index] {
            case .head(let id): moves.contains(.reuse) && id != candidates.id && isAvailable(id)
            case .pattern: moves.contains(.pattern)
            }
        }
        let prices = candidates.maps.map { map -> Double in
            if case .head(let id) = map, !isRead(id) { limits.reading * energy } else { 0 }
        }
        var chosen: [Int] = []
        var weights: [Double] = []
        var residual = energy
        while chosen.count < (moves.contains(.blend) ? limits.terms : 1) {
            var best: (loss: Double, residual: Double, map: Int, weights: [Double])?
            for map in usable where !chosen.contains(map) {
                guard let (value, solved) = Blend.fit(gram, chosen + [map], ridge: limits.ridge) else { continue }
                let loss = value + prices[map]
                if best.map({ loss < $0.loss }) ?? true { best = (loss, value, map, solved) }
            }
            guard let best, chosen.isEmpty || best.loss <= residual - limits.gain * energy else { break }
            chosen.append(best.map)
            weights = best.weights
            residual = best.residual
        }
        guard !chosen.isEmpty else { return nil }
        terms = zip(chosen, weights).map { MapTerm(weight: Float($1), map: candidates.maps[$0]) }
        self.residual = residual
    }

    /// Least squares of the own context on some candidates' contexts.
    private static func fit(_ gram: Matrix, _ maps: [Int], ridge: Double) -> (residual: Double, weights: [Double])? {
        let size = maps.count
        var left = Matrix(zeros: size, size)
        for (i, a) in maps.enumerated() { for (j, b) in maps.enumerated() { left[i, j] = gram[a + 1, b + 1] } }
        let plain = left
        let pull = max(ridge * left.trace / Double(size), .leastNormalMagnitude)
        for index in 0..<size { left[index, index] += pull }
        let right = maps.map { gram[0, $0 + 1] }
        guard let weights = left.solvedSmall(for: right) else { return nil }
        var value = gram[0, 0]
        for i in 0..<size {
            value -= 2 * weights[i] * right[i]
            for j in 0..<size { value += weights[i] * plain[i, j] * weights[j] }
        }
        return (max(value, 0), weights)
    }
}

extension Matrix {
    /// Solves a system of a few equations, symmetric positive definite, without the price of a library call.
    fileprivate func solvedSmall(for right: [Double]) -> [Double]? {
        var factor = self
        var solution = right
        for column in 0..<rows {
            for row in column..<rows {
                var sum = self[row, column]
                for k in 0..<column { sum -= factor[row, k] * factor[column, k] }
                if row == column {
                    guard sum > 0 else { return nil }
                    factor[row, column] = sum.squareRoot()
                } else {
                    factor[row, column] = sum / factor[column, column]
                }
            }
        }
        for row in 0..<rows {
            for k in 0..<row { solution[row] -= factor[row, k] * solution[k] }
            solution[row] /= factor[row, row]
        }
        for row in (0..<rows).reversed() {
            for k in row + 1..<max(rows, row + 1) { solution[row] -= factor[k, row] * solution[k] }
            solution[row] /= factor[row, row]
        }
        return solution
    }
}
