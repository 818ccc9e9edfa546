import Tensors

/// A recurrent cell that goes through the rows of each sequence one after the other: LSTM, GRU, or the plain one.
///
/// Parameters, gates side by side: `weight` `[inputWidth, gates · units]`, `recurrent_weight` `[units, gates · units]`,
/// `bias` `[gates · units]`, and for `gru` `recurrent_bias` of the same width. The order of the gates is Keras's:
/// input, forget, candidate, output of an LSTM; update, reset, candidate of a GRU.
///
/// A row that the mask hides changes no state.
package struct Recurrent: Sendable, Hashable, Codable {
    /// What one step computes from the row x, the output h before it and an LSTM's state c. f stands for `activation`,
    /// g for `gateActivation`; W, U and b for the columns of each gate.
    package enum Cell: String, Sendable, Hashable, Codable, CaseIterable {
        /// `h = f(xW + hU + b)`.
        case simple
        /// `i, d, o = g(xW + hU + b)`, `c = d · c + i · f(xW + hU + b)`, `h = o · f(c)`.
        case lstm
        /// `z, r = g(xW + b + hU + b′)`, `h = z · h + (1 − z) · f(xW + b + r · (hU + b′))`.
        case gru
        /// `z, r = g(xW + hU + b)`, `h = z · h + (1 − z) · f(xW + (r · h)U + b)`: the reset gate comes first.
        case gruResettingFirst = "gru_resetting_first"

        /// Groups of columns of its matrices.
        package var gateCount: Int {
            switch self {
            case .simple: 1
            case .lstm: 4
            case .gru, .gruResettingFirst: 3
            }
        }

        /// Rows that it hands on from one step to the next: h, and an LSTM's c.
        package var stateCount: Int { self == .lstm ? 2 : 1 }
    }

    /// What is handed out.
    package enum Output: String, Sendable, Hashable, Codable {
        /// h after each row.
        case rows
        /// h after the last row, one row a sequence.
        case last
        /// The states after the last row side by side, one row a sequence: h, then c.
        case states
    }

    /// What the cell computes.
    package var cell: Cell
    /// Width of the rows.
    package var inputWidth: Int
    /// Width of h.
    package var units: Int
    /// Whether biases are added.
    package var hasBias: Bool
    /// f.
    package var activation: Activation
    /// g.
    package var gateActivation: Activation
    /// Whether the last row is read first.
    package var isBackwards: Bool
    /// Whether rows of the result stand in the opposite order of the rows that they belong to.
    package var isFlipped: Bool
    /// Whether a row that the mask hides gives zeros; otherwise it gives what the row read before it gave, and zeros
    /// where none was read.
    package var hiddenGivesZero: Bool
    /// What is handed out.
    package var output: Output
    /// Whether a mask is among the inputs.
    package var hasMask: Bool
    /// Whether the first states are among the inputs; otherwise they are zeros.
    package var hasStates: Bool

    package init(
        cell: Cell, inputWidth: Int, units: Int, hasBias: Bool = true, activation: Activation = .tanh,
        gateActivation: Activation = .sigmoid, isBackwards: Bool = false, isFlipped: Bool = false,
        hiddenGivesZero: Bool = false, output: Output = .rows, hasMask: Bool = false, hasStates: Bool = false
    ) {
        self.cell = cell
        self.inputWidth = inputWidth
        self.units = units
        self.hasBias = hasBias
        self.activation = activation
        self.gateActivation = gateActivation
        self.isBackwards = isBackwards
        self.isFlipped = isFlipped
        self.hiddenGivesZero = hiddenGivesZero
        self.output = output
        self.hasMask = hasMask
        self.hasStates = hasStates
    }

    /// Columns of the matrices.
    package var gateWidth: Int { cell.gateCount * units }
    /// Inputs of a node.
    package var inputCount: Int { 1 + (hasMask ? 1 : 0) + (hasStates ? cell.stateCount : 0) }

    var parameters: [Parameter] {
        [Parameter("weight", [inputWidth, gateWidth]), Parameter("recurrent_weight", [units, gateWidth])]
            + (hasBias ? [Parameter("bias", [gateWidth])] : [])
            + (hasBias && cell == .gru ? [Parameter("recurrent_bias", [gateWidth])] : [])
    }

    var numbersProblem: String? {
        // Far below what an extent may be: two of them are multiplied, and the gates come on top.
        let bound = 1 << 24
        guard (1...bound).contains(inputWidth), (1...bound).contains(units) else {
            return "widths must be 1…\(bound), are \(inputWidth) and \(units)"
        }
        return nil
    }
}
