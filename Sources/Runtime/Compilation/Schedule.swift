import CKernels
import ModelGraph
import Tensors

/// Something that is computed row by row: rows do not see each other.
enum RowStep: Sendable {
    case embed(EmbedStep)
    case product(ProductStep)
    case quantize(QuantizeStep)
    case norm(NormStep)
    /// Norms and turns queries and keys in a head-major buffer, in place.
    case heads(HeadStep)
    case activate(Register, Activation, Register)
    case add([Register], Register)
    case multiply([Register], Register)
    case gate(Register, Register, Activation, Register)
    case load(LoadStep)
    case affine(AffineStep)
    case softmax(Register, Register)
    case distribute(Register, Distribution.Function, Register)
    case extreme([Register], isMaximum: Bool, Register)
    case grouped(GroupedStep)
    case round(Register, Rounding, Register)
    case columns([ColumnRange], Register)
    /// 1 where the row has an element unlike the hidden one.
    case mask(Register, hidden: Float, Register)
    /// 1 where the row's id counts.
    case tokenMask(EmbedStep.Source, TokenMask, Register)
}

struct EmbedStep: Sendable {
    /// Where the ids are.
    enum Source: Sendable {
        /// The text's own.
        case text
        /// The text's own, each row with the id before its own.
        case shiftedText
        /// Inputs that the graph lays out, by index.
        case inputs(tokens: Int, types: Int?)
    }

    let source: Source
    let tokens: LookUpTable?
    let positions: LookUpTable?
    let types: LookUpTable?
    let scale: Float
    let out: Register
}

/// `out = activation(input · weight + bias) + residual`.
struct ProductStep: Sendable {
    let matrix: ProductMatrix
    /// Rows as the matrix takes them: floats, or what a `QuantizeStep` made of them.
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

    /// One map and everything that reads it at once.
    struct Unit: Sendable {
        let origin: Origin
        /// Where the map stays for later readers.
        let keep: Register?
        let consumers: [Consumer]
        /// What the kernel hides by position: nothing where what is added to the scores does so already.
        let mask: Attention.Mask
        /// Whether each query takes the key with its largest score alone.
        var isHard = false

        /// Whether the map is made of scores.
        var isComputed: Bool { if case .computed = origin { true } else { false } }
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
    /// What is added to all scores, `[queries, keys]`; it holds the causal mask too.
    let added: Register?
    /// What is added to a head's scores, for its queries and keys or their distance.
    let bias: ScoreBias?
    /// Scores are capped at this; 0: they are not.
    let softCap: Float
    /// Whether scores and the products with values are computed in bfloat16.
    let isRounded: Bool
    /// How queries and keys are compared where not by their product.
    let additive: AdditiveScores?
    let queryAxis, keyAxis: Int
    /// Which map space its maps belong to.
    let space: Int
    let units: [Unit]
    /// Name of the graph's node.
    let node: String
    /// Number among the schedule's attention steps.
    let index: Int
    /// Heads of keys and of values in their buffers.
    let keyCount, valueCount: Int
}

struct PoolStep: Sendable {
    let pooling: Pooling
    let input: Register
    /// A value of width 1: rows of 0 don't count.
    let mask: Register?
    let out: Register
}

/// Steps between two meeting points of the workers.
enum Segment: Sendable {
    case rows([RowStep], axis: Int)
    case shape(ShapeStep)
    case mask(MaskStep)
    case attention(AttentionStep)
    case pool(PoolStep)
    case exit(ExitStep)
}

extension Segment {
    /// Where the matrices begin that its products need.
    var matrices: [UnsafeMutablePointer<Float>] {
        guard case .rows(let steps, _) = self else { return [] }
        return steps.compactMap { if case .product(let step) = $0 { step.matrix.start } else { nil } }
    }
}

/// A compiled graph: what to execute, and where everything lives.
struct Schedule: Sendable {
    /// The axis of text tokens, which leaves out what the mask hides.
    static let tokenAxis = 0
    static let sequenceAxis = 1

    /// What rows there are.
    var axes: [RowSpace] = [.tokens, .sequences]
    /// Which axis's queries look at which axis's keys; maps of one space lie alike in memory.
    var mapSpaces: [MapSpace] = []
    /// Inputs that the graph lays out itself.
    var inputs: [LaidOutInput] = []
    /// Whether token ids come as text.
    var readsText = false
    /// Sequences of every batch, where the model has rows for each of them; `nil`: any number.
    var batchSize: Int?
    /// The axis along which results are compared and analysed: of the hidden states, else of the first attention.
    var primaryAxis = Schedule.tokenAxis
    var segments: [Segment] = []
    /// Segments whose matrices are there at a time; `nil`: all are always.
    var windows: WeightWindows?
    var slots: [Slot] = []
    /// Size of each region in its units.
    var units: [Slot.Region: Int] = [:]
    /// Largest padded head size: for the scratch of the attention kernel.
    var largestHead = 0
    /// Most floats of scratch that a product needs.
    var productScratch = 0
    /// Most heads that read one map whose products are in bfloat16; 0: there is none.
    var roundedReaders = 0
    /// Most columns of a table that disentangled positions look up.
    var relativeColumns = 0
    /// Counts of the exits, first to last, those of what goes on among them.
    var tallies: [ExitTally] = []
    /// Number of attention steps.
    var attentionCount = 0
    /// Largest padded size of a head whose keys tell which tokens are merged; 0: none are.
    var matchedHead = 0
    /// Rotary positions, and the axis that they are counted along.
    var rotaries: [RotaryAngles] = []
    /// Observed values.
    var values: [String: Register] = [:]
    /// Observed maps.
    var maps: [HeadID: Register] = [:]
    /// Observed contexts (maps times values, before the output projection), by node.
    var contexts: [String: ContextLayout] = [:]
    /// Whether the row of the first position is needed even where it is masked.
    var needsFirst = false
    /// The id before a text's first, where a decoder reads the text shifted by one.
    var shiftedFrom: Int32?
    /// The embedding whose rules number the positions.
    var embedding: Embedding?

    /// The axis that a register's rows lie along.
    func axis(of register: Register) -> Int {
        if case .rows(let axis) = slots[register.index].region { axis } else { Schedule.tokenAxis }
    }
}

/// How the heads' contexts stand side by side in a row.
struct ContextLayout: Sendable {
    let register: Register
    /// Heads in the order of their columns.
    let heads: [Int]
    let valueSize: Int
    let paddedValueSize: Int
}

/// An input that the graph lays out itself.
struct LaidOutInput: Sendable {
    let name: String
    let layout: InputLayout
    let axis: Int
    /// Tables that number its rows.
    var positions: Embedding.Positions?
    var paddingID: Int?
}

/// Queries along one axis and keys along another.
struct MapSpace: Sendable, Hashable {
    let queryAxis: Int
    let keyAxis: Int
}
