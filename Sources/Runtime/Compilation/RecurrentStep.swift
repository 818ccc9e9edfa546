import ModelGraph
import Tensors

/// A recurrent cell's way through the rows of each sequence.
struct RecurrentStep: Sendable {
    let recurrent: Recurrent
    /// The rows' products with the first matrix, biases added.
    let projected: Register
    /// The second matrix, or two of them where the candidate's columns meet another state than the gates'.
    let matrices: [PackedLinear]
    /// One column, 0: passed over.
    let mask: Register?
    /// States to start from; none: zeros.
    let states: [Register]
    /// A row a sequence to compute in.
    let scratch: Register
    let out: Register

    /// Where a sequence's states and gates stand in its row of scratch.
    struct Layout {
        /// Floats of a state.
        let state: Int
        /// Floats of all gates.
        let gates: Int

        init(_ recurrent: Recurrent) {
            state = KernelSet.padded(recurrent.units)
            gates = KernelSet.padded(recurrent.gateWidth)
        }

        /// h, c, the gates, and the state's products before they are added to the row's.
        var width: Int { 2 * state + 2 * gates }
    }
}

/// Rows of windows times the matrices of groups.
struct GroupedStep: Sendable {
    let convolution: Convolution
    let weight: Tensor
    let bias: Tensor?
    let input: Register
    let out: Register
}

/// Scores that are sums of hyperbolic tangents.
struct AdditiveScores: Sendable {
    /// One weight a column of a head, padded with zeros.
    let weights: FloatBuffer
    /// A slot of maps, where the scores are made.
    let scores: Register
}
