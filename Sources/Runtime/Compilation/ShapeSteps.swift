import ModelGraph
import Tensors

/// Copies an input's rows into a register.
struct LoadStep: Sendable {
    /// Index among the schedule's inputs.
    let input: Int
    let axis: Int
    let out: Register
}

/// `factor · x · scale + shift + offset`, both folded into one pair of numbers a column.
struct AffineStep: Sendable {
    let scale: Tensor
    let offset: Tensor
    let input: Register
    let out: Register
}

/// Columns of one register and where they go.
struct ColumnRange: Sendable {
    let source: Register
    let from: Int
    let to: Int
    let count: Int
}

/// Something that looks at several rows of a sequence, or at rows along several axes.
enum ShapeStep: Sendable {
    /// The rows of each window side by side, zeros where a window hangs over.
    case windows(Convolution, Register, Register)
    case rows([Register], Register)
    case rearrange(Rearrangement, Register, Register)
    case slice(Slice, Register, Register)
    /// Rows of a table, from the given one on; of a table with rows for each sequence of a batch, those of its own.
    case table(Tensor, offset: Int, sequences: Int?, Register)
    /// Maps one after the other, zeros for a head without one.
    case maps([Register?], Register)
    /// A function of each element; rows of sequences and single columns repeated.
    case elementwise(Elementwise, [Register], Register)
    /// Values put together element by element, rows of sequences and single columns repeated.
    case spread([Register], Combination, Register)
    case recurrent(RecurrentStep)
    case localPooling(LocalPooling, Register, Register)
    case respacing(Respacing, Register, Register)
    case matrices(MatrixProduct, Register, Register, Register)
    /// Shares that add up to 1 along the rows.
    case distribute(Register, Distribution.Function, Register)
    case match(MatchStep)
    case merge(MergeStep)
}

/// How elements of several values become one.
enum Combination: Sendable {
    case sum, product, minimum, maximum

    /// The first value's elements with those of another one.
    func callAsFunction(_ left: Float, _ right: Float) -> Float {
        switch self {
        case .sum: left + right
        case .product: left * right
        // What is not a number stays.
        case .minimum: left.isNaN || left < right ? left : right
        case .maximum: left.isNaN || left > right ? left : right
        }
    }
}

/// What masks add to the scores of one map space.
struct MaskStep: Sendable {
    let queries, keys: Register?
    /// Index of the input that masks pairs.
    let pairs: Int?
    /// A value that masks pairs, one column a key.
    let pairValue: Register?
    /// Numbers of tokens that the keys stand for; beside no mask.
    let sizes: Register?
    let isCausal: Bool
    let window: Int?
    /// Added to hidden scores.
    let penalty: Float
    let space: Int
    let out: Register
}
