import CKernels
import ModelGraph
import Tensors

/// Quantises or rounds rows for the products that read them.
struct QuantizeStep: Sendable {
    let form: RowForm
    let input: Register
    /// Columns of a row.
    let width: Int
    /// Numbers that the columns are multiplied with first; `nil`: nothing.
    private let owner: QuantizedLinear.Factors?
    let out: Register

    var factors: UnsafePointer<Float>? { owner?.base }

    init(_ linear: QuantizedLinear, input: Register, out: Register) {
        form = linear.form
        self.input = input
        width = linear.inputWidth
        owner = linear.factors
        self.out = out
    }
}

/// What quantised rows are made of: products that read the same share them.
struct QuantizedRowsKey: Hashable {
    let form: RowForm
    let input: Register
    let factors: QuantizedLinear.Factors.Source?
}

extension Compiler {
    /// A value's rows as a matrix takes them: for products of fewer bits a copy, drafted when first asked for.
    mutating func rows(of input: Register, for matrix: ProductMatrix) -> Register {
        if case .compact(let linear) = matrix { schedule.productScratch = max(schedule.productScratch, linear.scratch) }
        guard case .quantized(let linear) = matrix else { return input }
        let key = QuantizedRowsKey(form: linear.form, input: input, factors: linear.factors?.source)
        if let made = quantizedRows[key] { return made }
        let axis = schedule.axis(of: input)
        let bytes = linear.form.stride(linear.inputWidth, kernels)
        let out = register(.rows(axis: axis), width: bytes / MemoryLayout<Float>.stride)
        quantizedRows[key] = out
        let step = QuantizeStep(linear, input: input, out: out)
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
            .bytes, inputWidth: view.depth, outputWidth: view.columns, hasBias: bias != nil, factors: stored.smoothing,
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

    /// A bfloat16 matrix, packed for products with rounded rows; `nil` where the node's precision is another, or the
    /// matrix is a table that others look up.
    ///
    /// - Parameter rows: How inputs are padded; `nil`: they are not.
    func bfloatProduct(_ node: Node, _ name: String, bias: Tensor?, rows: PaddedRows? = nil) -> ProductMatrix? {
        guard let stored = bfloats(node, name) else { return nil }
        let depth = stored.shape[0], columns = stored.shape[1]
        let linear = QuantizedLinear(
            .bfloat16, inputWidth: rows?.count ?? depth, outputWidth: columns, hasScales: false, hasBias: bias != nil,
            kernels: kernels, packing: packing
        ) { memory in
            stored.withBfloats { values in
                guard let rows, rows.padded != rows.size else {
                    rk_pack_bfloat(values, depth, columns, columns, 1, memory.packed)
                    return
                }
                var padded = [UInt16](repeating: 0, count: rows.count * columns)
                for row in 0..<depth {
                    for column in 0..<columns {
                        padded[rows.place(of: row) * columns + column] = values[row * columns + column]
                    }
                }
                rk_pack_bfloat(padded, rows.count, columns, columns, 1, memory.packed)
            }
            bias?.copy(to: memory.bias)
        }
        return .quantized(linear)
    }

    /// A matrix that the node multiplies in bfloat16, as it is stored; `nil` for one that is read with exchanged axes.
    func bfloats(_ node: Node, _ name: String) -> Tensor? {
        guard node.precisions[name]?.kind == .bfloat16, node.ties[name]?.isTransposed != true,
            let stored = model.tensors[node.owner(of: name)], stored.dtype == .bfloat16
        else { return nil }
        return stored
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

    /// Calls `body` with the bits of the elements of a bfloat16 tensor.
    func withBfloats(_ body: (UnsafePointer<UInt16>) -> Void) {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, dtype == .bfloat16 else { return }
            if Int(bitPattern: base).isMultiple(of: 2) { return body(base.assumingMemoryBound(to: UInt16.self)) }
            // A file may lay them at odd places.
            body((0..<count).map { bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self) })
        }
    }
}
