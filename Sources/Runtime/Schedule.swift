import CKernels
import ModelGraph
import Tensors

/// A place for a value, a head-major buffer or a kept map: an index into the schedule's slots.
struct Register: Sendable, Hashable {
    let index: Int
}

/// Memory of a register.
struct Slot: Sendable, Hashable {
    /// What its size is a multiple of.
    enum Region: Sendable, Hashable, CaseIterable {
        /// Rows of the group.
        case rows
        /// Rows of the block that a worker is at: the value never leaves its segment.
        case block
        /// Sequences of the group.
        case sequences
        /// Floats of one kept map of every sequence.
        case maps
    }

    var region: Region
    /// Where it starts, in units of the region.
    var offset: Int
    /// Units that it takes: floats of a row, or 1 for a map. Rows are this far apart.
    let stride: Int
    /// Floats of a row that count.
    let width: Int
}

/// Something that is computed row by row: rows do not see each other.
enum RowStep: Sendable {
    case embed(EmbedStep)
    case product(ProductStep)
    case norm(NormStep)
    case activate(Register, Activation, Register)
    case add([Register], Register)
    case gate(Register, Register, Activation, Register)
}

struct EmbedStep: Sendable {
    let tokens: Tensor
    let positions: Tensor?
    let types: Tensor?
    let scale: Float
    let out: Register
}

/// `out = activation(input · weight + bias) + residual`.
struct ProductStep: Sendable {
    let linear: PackedLinear
    let input: Register
    var activation: Activation = .identity
    var residual: Register?
    var out: Register
    /// Size of a head where the result is stored head by head; 0: row by row.
    var headSize = 0
}

struct NormStep: Sendable {
    let norm: Norm
    let scale: Tensor
    let offset: Tensor?
    let input: Register
    let out: Register
}

/// The maps of one attention node and their products with values.
struct AttentionStep: Sendable {
    /// Where a map comes from.
    enum Origin: Sendable {
        /// Scores of this query and key, by index in the head-major buffers.
        case computed(query: Int, key: Int)
        /// A sum of kept maps and patterns.
        case terms([Term])
    }

    struct Term: Sendable {
        let weight: Float
        let pattern: StaticPattern?
        let map: Register?
    }

    /// A map times one head's values: value's index, column of the context.
    struct Consumer: Sendable {
        let value: Int
        let column: Int
    }

    struct Unit: Sendable {
        let origin: Origin
        let keep: Register?
        let consumers: [Consumer]
    }

    let query: Register
    let key: Register
    let value: Register
    let context: Register
    /// Padded sizes.
    let headSize: Int
    let valueSize: Int
    /// Which head of its buffer a kind starts with.
    let queryOffset, keyOffset, valueOffset: Int
    let mask: Attention.Mask
    let units: [Unit]
}

struct PoolStep: Sendable {
    let pooling: Pooling
    let input: Register
    let out: Register
}

/// Steps between two meeting points of the workers.
enum Segment: Sendable {
    case rows([RowStep])
    case sequences([RowStep])
    case attention(AttentionStep)
    case pool(PoolStep)
}

/// A compiled graph: what to execute, and where everything lives.
struct Schedule: Sendable {
    var segments: [Segment] = []
    var slots: [Slot] = []
    /// Size of each region in its units.
    var units: [Slot.Region: Int] = [:]
    /// Largest padded head size: for the scratch of the attention kernel.
    var largestHead = 0
    /// Observed values.
    var values: [String: Register] = [:]
    /// Observed maps.
    var maps: [HeadID: Register] = [:]
    /// Observed contexts (maps times values, before the output projection), by node.
    var contexts: [String: ContextLayout] = [:]
    /// Whether the row of the first position is needed even where it is masked.
    var needsFirst = false
    /// The embedding whose rules number the positions.
    var embedding: Embedding?
}

/// How the heads' contexts stand side by side in a row.
struct ContextLayout: Sendable {
    let register: Register
    /// Heads in the order of their columns.
    let heads: [Int]
    let valueSize: Int
    let paddedValueSize: Int
}
