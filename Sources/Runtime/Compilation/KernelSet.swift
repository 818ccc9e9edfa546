import Platform
import CKernels
import ModelGraph
import Synchronization

/// The kernels in use: chosen once a process, the best that the CPU has unless `REUSEFORMER_ISA` says otherwise.
package enum KernelSet {
    private static let choice: Result<String, RuntimeError> = {
        let wanted = getenv("REUSEFORMER_ISA").map { String(cString: $0) }
        guard rk_select(wanted) == 0 else { return .failure(.unknownKernels(wanted ?? "")) }
        return .success(String(cString: rk_name(rk_selected())))
    }()

    /// Chooses the kernels at the first call and returns their name.
    @discardableResult
    package static func select() throws(RuntimeError) -> String { try choice.get() }

    /// Columns of a packed panel.
    static let panel = Int(RK_PANEL)

    /// `width` rounded up to whole panels.
    static func padded(_ width: Int) -> Int { (width + panel - 1) / panel * panel }

    /// Floats from one row of a value to the next. Rows a multiple of 4 KiB apart would all lie in the same set of the
    /// first-level cache, which holds no more of them than a tile of a product reads at once.
    static func rowStride(_ width: Int) -> Int {
        let stride = max(panel, padded(width))
        return stride.isMultiple(of: 1024) ? stride + panel : stride
    }
}

extension Activation {
    var kernel: Int32 {
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
            }
        return Int32(bitPattern: value.rawValue)
    }
}
