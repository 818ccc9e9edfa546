import ArchitectureSpecs
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// A kernel as a layer stores it: plain, or quantized to 8 or 4 bits or to 8-bit floating point.
///
/// The stored types and shapes decide, not the configuration: writers forget to say what they did to attention.
package struct StoredKernel {
    /// `[rows, columns]` once its axes are put together.
    package let weight: ParameterSource
    /// One number a column.
    package let bias: ParameterSource?
    /// What the layer does to its input; `nil`: nothing.
    package let rounding: Rounding?
    /// What only training needs.
    package let statistics: [StoredTensor]

    /// - Parameters:
    ///   - tensors: Kernel, bias where there is one, then what quantization adds.
    ///   - contracted: Extents of the kernel's first axes.
    ///   - kept: Extents of its other axes.
    ///   - label: The layer, for messages.
    /// - Throws: `corrupt` for other shapes, `unsupported` for other kinds of numbers.
    package init(
        _ tensors: [StoredTensor], contracted: [Int], kept: [Int], hasBias: Bool, label: String
    ) throws(Problem) {
        let rows = contracted.reduce(1, *), columns = kept.reduce(1, *)
        guard let kernel = tensors.first, tensors.count >= (hasBias ? 2 : 1) else {
            throw Problem(.corrupt, "\(label): has \(tensors.count) of its weights")
        }
        if hasBias, tensors[1].shape.count != columns {
            throw Problem(
                .corrupt, "\(label): \(tensors[1].name.printable) has shape \(tensors[1].shape), not \(columns) numbers"
            )
        }
        let bias = hasBias ? tensors[1] : nil
        let rest = Array(tensors.dropFirst(hasBias ? 2 : 1))
        let isPlainShape = kernel.shape.extents == contracted + kept
        func misshapen() -> Problem {
            Problem(
                .corrupt,
                "\(label): \(kernel.name.printable) has shape \(kernel.shape), expected \(Shape(contracted + kept))")
        }
        if kernel.dtype.isFloatingPoint {
            // A program's own attention keeps kernels with the heads' axes put together.
            guard isPlainShape || kernel.shape.extents == [rows, columns] else { throw misshapen() }
            switch rest.count {
            case 0:
                self.init(weight: .stored(kernel), bias: bias.map { .stored($0) }, rounding: nil)
            case 6:
                try self.init(eightBitFloats: kernel, bias, rest, shape: [rows, columns], label: label)
            default:
                throw Problem(.unsupported, "\(label): has \(rest.count) weights beside kernel and bias")
            }
            return
        }
        guard kernel.dtype == .int8, let scale = rest.first else {
            throw Problem(.unsupported, "\(label): a kernel of \(kernel.dtype.rawValue)")
        }
        let quantized = QuantizedMatrix(
            values: kernel, scale: scale, zero: rest.count > 1 ? rest[1] : nil, groups: rest.count > 2 ? rest[2] : nil,
            rows: rows, columns: columns)
        guard let computation = isPlainShape && rest.count == 1 ? quantized.eightBit : quantized.fourBit else {
            throw misshapen()
        }
        self.init(
            weight: .computed(computation), bias: bias.map { .stored($0) },
            rounding: isPlainShape && rest.count == 1 ? .eightBit : nil)
    }

    private init(
        weight: ParameterSource, bias: ParameterSource?, rounding: Rounding?,
        statistics: [StoredTensor] = []
    ) {
        self.statistics = statistics
        self.weight = weight
        self.bias = bias
        self.rounding = rounding
    }

    /// Kernel and input go through 8-bit floating point, the bias through bfloat16; each with a scale that training
    /// has left.
    private init(
        eightBitFloats kernel: StoredTensor, _ bias: StoredTensor?, _ rest: [StoredTensor], shape: Shape, label: String
    ) throws(Problem) {
        let inputScale = rest[0], kernelScale = rest[2]
        guard inputScale.shape.count == 1, kernelScale.shape.count == 1 else {
            throw Problem(.unsupported, "\(label): scales of 8-bit floats that are no single numbers")
        }
        // One number that the graph holds itself.
        let scale: Float
        do throws(FileError) { scale = try inputScale.read().floats[0] } catch {
            throw Problem(error.kind, "\(label): \(error.problems.joined(separator: "; "))")
        }
        guard scale.isFinite, scale > 0 else { throw Problem(.corrupt, "\(label): the scale of its input is \(scale)") }
        let weight = ParameterSources.Computation(names: [kernel.name, kernelScale.name], shape: shape) { tensors in
            let scale = tensors[1].floats[0]
            return tensors[0].mapped(shape) { Rounding.float8(scale: scale).rounded($0) }
        }
        self.init(
            weight: .computed(weight),
            bias: bias.map { bias in
                .computed(
                    .init(names: [bias.name], shape: [shape[1]]) { $0[0].mapped([shape[1]], \.roundedToBFloat16) })
            },
            rounding: .float8(scale: scale), statistics: [rest[0], rest[1]] + rest[3...])
    }
}

extension Tensor {
    /// A function of each element.
    fileprivate func mapped(_ shape: Shape, _ change: (Float) -> Float) -> Tensor {
        withFloats { source in
            Tensor(shape: shape) { target in
                for index in target.indices { target[index] = change(source[index]) }
            }
        }
    }
}

extension Float {
    /// The nearest bfloat16, ties to even.
    fileprivate var roundedToBFloat16: Float {
        guard isFinite else { return self }
        let bits = bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
    }
}
