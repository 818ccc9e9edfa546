import ArchitectureSpecs
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// A kernel as a layer stores it: plain, or quantised to 8 or 4 bits or to 8-bit floating point.
///
/// The stored types and shapes decide, not the configuration: writers forget to say what they did to attention.
struct StoredKernel {
    let weight: ParameterSource
    let bias: ParameterSource?
    let rounding: Rounding?
    /// What only training needs.
    let statistics: [SourceTensor]

    /// - Parameter tensors: Kernel, bias where there is one, then what quantisation adds.
    init(
        _ tensors: [SourceTensor], contracted: [Int], kept: [Int], hasBias: Bool, place: String
    ) throws(Problem) {
        let rows = contracted.reduce(1, *), columns = kept.reduce(1, *)
        guard let kernel = tensors.first, tensors.count >= (hasBias ? 2 : 1) else {
            throw Problem(.corrupt, "\(place): has \(tensors.count) of its weights")
        }
        if hasBias, tensors[1].shape.count != columns {
            throw Problem(
                .corrupt, "\(place): \(tensors[1].name.printable) has shape \(tensors[1].shape), not \(columns) numbers"
            )
        }
        let bias = hasBias ? tensors[1] : nil
        let rest = Array(tensors.dropFirst(hasBias ? 2 : 1))
        let isPlainShape = kernel.shape.extents == contracted + kept
        func misshapen() -> Problem {
            Problem(
                .corrupt,
                "\(place): \(kernel.name.printable) has shape \(kernel.shape), expected \(Shape(contracted + kept))")
        }
        if kernel.dtype.isFloatingPoint {
            guard isPlainShape else { throw misshapen() }
            switch rest.count {
            case 0:
                self.init(weight: .stored(kernel), bias: bias.map { .stored($0) }, rounding: nil)
            case 6:
                try self.init(eightBitFloats: kernel, bias, rest, shape: [rows, columns], place: place)
            default:
                throw Problem(.unsupported, "\(place): has \(rest.count) weights beside kernel and bias")
            }
            return
        }
        guard kernel.dtype == .int8, let scale = rest.first else {
            throw Problem(.unsupported, "\(place): a kernel of \(kernel.dtype.rawValue)")
        }
        let quantised = QuantisedMatrix(
            values: kernel, scale: scale, zero: rest.count > 1 ? rest[1] : nil, groups: rest.count > 2 ? rest[2] : nil,
            rows: rows, columns: columns)
        guard let computation = isPlainShape && rest.count == 1 ? quantised.eightBit : quantised.fourBit else {
            throw misshapen()
        }
        self.init(
            weight: .computed(computation), bias: bias.map { .stored($0) },
            rounding: isPlainShape && rest.count == 1 ? .eightBit : nil)
    }

    private init(
        weight: ParameterSource, bias: ParameterSource?, rounding: Rounding?,
        statistics: [SourceTensor] = []
    ) {
        self.statistics = statistics
        self.weight = weight
        self.bias = bias
        self.rounding = rounding
    }

    /// Kernel and input go through 8-bit floating point, the bias through bfloat16; each with a scale that training
    /// has left.
    private init(
        eightBitFloats kernel: SourceTensor, _ bias: SourceTensor?, _ rest: [SourceTensor], shape: Shape, place: String
    ) throws(Problem) {
        let inputScale = rest[0], kernelScale = rest[2]
        guard inputScale.shape.count == 1, kernelScale.shape.count == 1 else {
            throw Problem(.unsupported, "\(place): scales of 8-bit floats that are no single numbers")
        }
        // One number that the graph holds itself.
        let scale: Float
        do throws(FileError) { scale = try inputScale.read().floats[0] } catch {
            throw Problem(error.kind, "\(place): \(error.problems.joined(separator: "; "))")
        }
        guard scale.isFinite, scale > 0 else { throw Problem(.corrupt, "\(place): the scale of its input is \(scale)") }
        let weight = TensorPlaces.Computation(names: [kernel.name, kernelScale.name], shape: shape) { tensors in
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

/// The table of an embedding as it is stored: plain or quantised.
struct StoredTable {
    let source: ParameterSource

    init(_ tensors: [SourceTensor], rows: Int, width: Int, place: String) throws(Problem) {
        guard let table = tensors.first else { throw Problem(.corrupt, "\(place): has no table") }
        let misshapen = Problem(
            .corrupt, "\(place): \(table.name.printable) has shape \(table.shape), expected \(Shape([rows, width]))")
        let rest = Array(tensors.dropFirst())
        if table.dtype.isFloatingPoint {
            guard table.shape == [rows, width] else { throw misshapen }
            guard rest.isEmpty else {
                throw Problem(.unsupported, "\(place): has \(rest.count) weights beside its table")
            }
            source = .stored(table)
            return
        }
        guard table.dtype == .int8, let scale = rest.first else {
            throw Problem(.unsupported, "\(place): a table of \(table.dtype.rawValue)")
        }
        let quantised = QuantisedTable(
            values: table, scale: scale, zero: rest.count > 1 ? rest[1] : nil, groups: rest.count > 2 ? rest[2] : nil,
            rows: rows, width: width)
        guard let computation = quantised.computation else { throw misshapen }
        source = .computed(computation)
    }
}
