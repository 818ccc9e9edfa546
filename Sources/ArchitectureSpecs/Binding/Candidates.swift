import Tensors
import WeightFiles

/// Guesses at what a missing tensor might be called, for messages only.
enum Candidates {
    /// At most three tensors with the most alike names, those of the wanted shape first.
    static func nearest(to name: String, shape: Shape, among tensors: [StoredTensor]) -> [StoredTensor] {
        let wanted = Array(name.utf8.prefix(longestName))
        // Comparing names is quadratic in their length: a few hundred of them are enough.
        let ranked = tensors.prefix(400).map { tensor in
            (
                tensor: tensor, isOfShape: tensor.shape == shape,
                distance: distance(wanted, Array(tensor.name.utf8.prefix(longestName)))
            )
        }
        return
            ranked
            .filter { $0.isOfShape || $0.distance * 3 <= wanted.count }
            .sorted {
                ($0.isOfShape ? 0 : 1, $0.distance, $0.tensor.name) < (
                    $1.isOfShape ? 0 : 1, $1.distance, $1.tensor.name
                )
            }
            .prefix(3).map(\.tensor)
    }

    private static let longestName = 160

    /// Levenshtein distance.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let substituted = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
