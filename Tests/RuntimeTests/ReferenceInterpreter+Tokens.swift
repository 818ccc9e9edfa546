import Foundation
import ModelGraph

// Merging of tokens, word by word as docs/format.md has it.

extension TokenMatching {
    /// The number of the row that each row becomes.
    func numbers(of keys: [[Double]]) -> [Int] {
        func length(_ row: [Double]) -> Double { row.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        func cosine(_ a: Int, _ b: Int) -> Double {
            zip(keys[a], keys[b]).reduce(0) { $0 + $1.0 * $1.1 } / (length(keys[a]) * length(keys[b]))
        }
        let candidates = Array(keys.indices.dropFirst(firstKept).dropLast(lastKept))
        let left = candidates.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        let right = candidates.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        var matches: [(from: Int, to: Int, cosine: Double)] = []
        for row in left {
            guard var best = right.first else { continue }
            for other in right where cosine(row, other) > cosine(row, best) { best = other }
            matches.append((row, best, cosine(row, best)))
        }
        let taken = matches.enumerated().sorted { ($1.element.cosine, $0.offset) < ($0.element.cosine, $1.offset) }
            .prefix(mergedCount(of: keys.count)).map(\.element)
        var numbers = [Int](repeating: 0, count: keys.count), next = 0
        for row in keys.indices where !taken.contains(where: { $0.from == row }) {
            numbers[row] = next
            next += 1
        }
        for match in taken { numbers[match.from] = numbers[match.to] }
        return numbers
    }
}

extension ReferenceInterpreter {
    /// Merged rows, or their sizes.
    func merged(_ merge: TokenMerge, _ inputs: [Matrix]) -> Matrix {
        let matching = inputs[merge == .mean ? 1 : 0].map { Int($0[0]) }
        let hasSizes = inputs.count > (merge == .mean ? 2 : 1)
        let sizes = hasSizes ? inputs[inputs.count - 1].map { $0[0] } : matching.map { _ in 1 }
        return (0...(matching.max() ?? 0)).map { number in
            let rows = matching.indices.filter { matching[$0] == number }
            let total = rows.reduce(0) { $0 + sizes[$1] }
            guard merge == .mean else { return [total] }
            return inputs[0][0].indices.map { column in
                rows.reduce(0) { $0 + sizes[$1] * inputs[0][$1][column] } / total
            }
        }
    }
}
