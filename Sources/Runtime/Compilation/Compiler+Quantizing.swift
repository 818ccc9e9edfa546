import CKernels
import ModelGraph
import Tensors

/// Quantises rows for the products that read them.
struct QuantizeStep: Sendable {
    let input: Register
    /// Columns of a row.
    let width: Int
    /// Numbers that the columns are multiplied with first; `nil`: nothing.
    private let owner: QuantizedLinear.Factors?
    let out: Register

    var factors: UnsafePointer<Float>? { owner?.base }

    init(input: Register, width: Int, factors: QuantizedLinear.Factors?, out: Register) {
        self.input = input
        self.width = width
        owner = factors
        self.out = out
    }
}

/// What quantised rows are made of: products that read the same share them.
struct QuantizedRowsKey: Hashable {
    let input: Register
    let factors: QuantizedLinear.Factors.Source?
}

extension Compiler {
    /// A value's rows as a matrix takes them: for 8-bit products a quantised copy, drafted when first asked for.
    mutating func rows(of input: Register, for matrix: ProductMatrix) -> Register {
        if case .compact(let linear) = matrix { schedule.productScratch = max(schedule.productScratch, linear.scratch) }
        guard case .quantized(let linear) = matrix else { return input }
        let key = QuantizedRowsKey(input: input, factors: linear.factors?.source)
        if let made = quantizedRows[key] { return made }
        let axis = schedule.axis(of: input)
        let bytes = rk_quantized_stride(kernels.table, linear.inputWidth)
        let out = register(.rows(axis: axis), width: bytes / MemoryLayout<Float>.stride)
        quantizedRows[key] = out
        let step = QuantizeStep(input: input, width: linear.inputWidth, factors: linear.factors, out: out)
        drafts.append(Draft(work: .row(.quantize(step)), reads: [input], writes: [out], axis: axis))
        return out
    }

    /// A stored matrix, packed for products as its precision says; `nil` for one that no product is made for.
    ///
    /// - Parameter rows: How inputs are padded; `nil`: they are not.
    func storedProduct(_ stored: QuantizedMatrix, bias: Tensor?, rows: PaddedRows? = nil) -> ProductMatrix? {
        guard stored.isOfRows == stored.isTransposed else { return nil }
        let view = StoredColumns(stored, rows: rows)
        guard stored.precision.kind == .int8 else {
            guard !view.isPadded else { return nil }
            let linear = CompactLinear(
                inputWidth: view.depth, outputWidth: view.columns, precision: stored.precision,
                isWide: stored.precision.group == nil, hasBias: bias != nil, packing: packing
            ) { shape, memory in
                view.withValues { values, rowStep, columnStep in
                    CompactLinear.pack(
                        values, rowStep: rowStep, columnStep: columnStep, scales: stored.scale.floats,
                        columns: view.columns, as: shape, to: memory.packed)
                }
                bias?.copy(to: memory.bias)
            }
            return .compact(linear)
        }
        let kernels = kernels
        let linear = QuantizedLinear(
            inputWidth: view.depth, outputWidth: view.columns, hasBias: bias != nil, factors: stored.smoothing,
            rows: rows, kernels: kernels, packing: packing
        ) { memory in
            view.withValues { values, rowStep, columnStep in
                rk_pack_quantized(
                    kernels.table, values, view.depth, view.columns, rowStep, columnStep, memory.packed)
            }
            stored.scale.copy(to: memory.scales)
            bias?.copy(to: memory.bias)
        }
        return .quantized(linear)
    }
}

/// A stored matrix as a product reads it: which way its axes run, and with padded inputs.
private struct StoredColumns: Sendable {
    let stored: QuantizedMatrix
    let rows: PaddedRows?

    init(_ stored: QuantizedMatrix, rows: PaddedRows?) {
        self.stored = stored
        self.rows = rows
    }

    /// Inputs that are stored.
    private var storedDepth: Int { stored.shape[stored.isTransposed ? 1 : 0] }
    /// Inputs, padding included.
    var depth: Int { rows?.count ?? storedDepth }
    /// Outputs.
    var columns: Int { stored.shape[stored.isTransposed ? 0 : 1] }
    /// Whether inputs stand elsewhere than they are stored.
    var isPadded: Bool { depth != storedDepth }

    /// Calls `body` with the values, and how far apart rows and columns are.
    func withValues(_ body: (_ values: UnsafePointer<Int8>, _ rowStep: Int, _ columnStep: Int) -> Void) {
        let rowStep = stored.isTransposed ? 1 : columns, columnStep = stored.isTransposed ? storedDepth : 1
        stored.withValues { values in
            guard isPadded, let rows else { return body(values, rowStep, columnStep) }
            var padded = [Int8](repeating: 0, count: depth * columns)
            for row in 0..<storedDepth {
                for column in 0..<columns {
                    padded[rows.place(of: row) * columns + column] = values[row * rowStep + column * columnStep]
                }
            }
            body(padded, columns, 1)
        }
    }
}

extension Tensor {
    /// Copies the elements to the start of a buffer.
    func copy(to target: UnsafeMutableBufferPointer<Float>) {
        withFloats { source in
            for index in source.indices { target[index] = source[index] }
        }
    }

    /// Calls `body` with the elements of an int8 tensor.
    func withInt8(_ body: (UnsafePointer<Int8>) -> Void) {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, dtype == .int8 else { return }
            body(base.assumingMemoryBound(to: Int8.self))
        }
    }
}
