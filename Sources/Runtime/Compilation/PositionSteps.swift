import Platform
import CKernels
import ModelGraph
import Tensors

/// Angles that one kind of rotary positions needs, for the rows along one axis.
struct RotaryAngles: Sendable, Hashable {
    let rotary: Attention.Rotary
    let axis: Int

    /// Cosines, then sines, of a row's angles.
    func write(position: Int, _ frequencies: [Float], to target: UnsafeMutablePointer<Float>) {
        let pairs = frequencies.count, magnitude = rotary.magnitude
        for pair in 0..<pairs {
            // The angle in single precision, as the frameworks have it; its sine and cosine as exact as they go.
            let angle = Double(Float(position) * frequencies[pair])
            target[pair] = Float(cos(angle)) * magnitude
            target[pairs + pair] = Float(sin(angle)) * magnitude
        }
    }
}

/// Norms and turns heads of a head-major buffer, in place.
struct HeadStep: Sendable {
    /// A norm of some heads, with everything folded into its scale.
    struct NormedHeads: Sendable {
        let heads: Range<Int>
        let scale: Tensor
        let epsilon: Float
        /// Whether the mean square is that of all these heads together.
        let isJoint: Bool
    }

    let buffer: Register
    /// Padded size of a head, and columns that count.
    let size, width: Int
    let norms: [NormedHeads]
    /// Heads that turn, and by which of the schedule's angles.
    let turned: Range<Int>
    let angles: Int?
}

/// What positions add to the scores of each computed head.
enum ScoreBias: Sendable {
    /// ALiBi's slopes.
    case slopes([Float])
    /// A number a distance, `2 · reach + 1` a head.
    case distances(FloatBuffer, reach: Int)
    case disentangled(RelativeTables)
}

/// Disentangled positions of one node: tables taken through the heads' projections.
struct RelativeTables: Sendable {
    /// By computed head: from a query to its products with all rows of the key table, and the other way round.
    let keys, queries: [PackedLinear]
    /// Row of the table for each distance of key from query, `-reach...reach`.
    let columns: [Int32]
    let reach: Int
    /// Rows of a table, whole panels.
    let stride: Int

    /// Panels of the tables that are looked up when distances are at most `distance`.
    func panels(within distance: Int) -> Range<Int> {
        let distance = min(distance, reach)
        // Rows descend as distances grow, or stay the same.
        let first = Int(columns[reach + distance]), last = Int(columns[reach - distance])
        return first / KernelSet.panel..<last / KernelSet.panel + 1
    }
}
