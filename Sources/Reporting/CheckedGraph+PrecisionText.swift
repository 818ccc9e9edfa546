import Costs
import ModelGraph

extension CheckedGraph {
    /// Matrices that are not in 32 bits, by kind: `26 matrices in int8, 1 in int8_weights, 8.2 bits a parameter`; `nil`
    /// where there are none.
    package var precisionText: String? {
        guard graph.hasPrecisions else { return nil }
        var counts: [Precision.Kind: Int] = [:]
        for node in graph.nodes { for precision in node.precisions.values { counts[precision.kind, default: 0] += 1 } }
        let kinds = Precision.Kind.allCases.compactMap { kind in counts[kind].map { (kind, $0) } }
        let parts = kinds.enumerated().map { index, entry in
            "\(entry.1)\(index == 0 ? entry.1 == 1 ? " matrix" : " matrices" : "") in \(entry.0.rawValue)"
        }
        let cost = cost(tokens: 1)
        let tenths = (80 * cost.parameterBytes + cost.parameters / 2) / max(cost.parameters, 1)
        return (parts + ["\(tenths / 10).\(tenths % 10) bits a parameter"]).joined(separator: ", ")
    }
}
