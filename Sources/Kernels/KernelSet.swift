import CKernels
import ModelGraph

/// The kernels of one instruction set.
///
/// All sets give the same bits. `scalar` computes fused multiply-adds step by step, which is slow.
///
/// `@unchecked Sendable`: the table is a constant of the program.
package struct KernelSet: @unchecked Sendable, Hashable, CustomStringConvertible {
    /// What the kernels' C functions take.
    package let table: UnsafePointer<rk_kernels>

    /// The best that this CPU has.
    package static let best = KernelSet(table: rk_best_kernels())

    /// All that this CPU has, the plainest first.
    package static var available: [KernelSet] {
        [RK_SCALAR, RK_AVX2, RK_AVX2_VNNI, RK_AVX512, RK_AVX512_VNNI, RK_AVX512_BF16, RK_NEON, RK_NEON_DOT]
            .compactMap(rk_kernels_of).map(KernelSet.init)
    }

    private init(table: UnsafePointer<rk_kernels>) { self.table = table }

    /// The set of a name: `scalar`, `avx2`, `avxvnni`, `avx512`, `avx512vnni`, `avx512bf16`, `neon` or `neondot`.
    ///
    /// - Throws: `RuntimeError.unknownKernels` where this CPU or this build lacks it.
    package init(named name: String) throws(RuntimeError) {
        guard let set = Self.available.first(where: { $0.description == name }) else { throw .unknownKernels(name) }
        self = set
    }

    /// The set's name.
    package var description: String { String(cString: rk_name(table.pointee.isa)) }

    // MARK: Layout of memory, the same for all sets

    /// Columns of a packed panel.
    @inlinable package static var panel: Int { Int(RK_PANEL) }

    /// `width` rounded up to whole panels.
    @inlinable package static func padded(_ width: Int) -> Int { (width + panel - 1) / panel * panel }

    /// Floats from one row of a value to the next. Rows a multiple of 4 KiB apart would all lie in the same set of the
    /// first-level cache, which holds no more of them than a tile of a product reads at once.
    @inlinable package static func rowStride(_ width: Int) -> Int {
        let stride = max(panel, padded(width))
        return stride.isMultiple(of: 1024) ? stride + panel : stride
    }
}

extension Activation {
    package var kernel: Int32 {
        let value =
            switch self {
            case .identity: RK_IDENTITY
            case .relu: RK_RELU
            case .gelu: RK_GELU
            case .geluTanh: RK_GELU_TANH
            case .tanh: RK_TANH
            case .silu: RK_SILU
            case .sigmoid: RK_SIGMOID
            case .quickGelu: RK_QUICK_GELU
            case .reluSquared: RK_RELU_SQUARED
            case .leakyRelu: RK_LEAKY_RELU
            case .elu: RK_ELU
            case .selu: RK_SELU
            case .softplus: RK_SOFTPLUS
            case .softsign: RK_SOFTSIGN
            case .mish: RK_MISH
            case .exponential: RK_EXPONENTIAL
            case .hardSigmoid: RK_HARD_SIGMOID
            case .hardSigmoidFifth: RK_HARD_SIGMOID_FIFTH
            case .hardSilu: RK_HARD_SILU
            case .relu6: RK_RELU6
            case .logSigmoid: RK_LOG_SIGMOID
            case .tanhShrink: RK_TANH_SHRINK
            case .squareplus: RK_SQUAREPLUS
            case .unitClip: RK_UNIT_CLIP
            case .step: RK_STEP
            case .square: RK_SQUARE
            case .squareRoot: RK_SQUARE_ROOT
            case .absolute: RK_ABSOLUTE
            case .reciprocal: RK_RECIPROCAL
            case .logarithm: RK_LOGARITHM
            case .sine: RK_SINE
            case .cosine: RK_COSINE
            }
        return Int32(bitPattern: value.rawValue)
    }
}
