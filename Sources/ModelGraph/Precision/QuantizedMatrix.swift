import Tensors

/// A quantised matrix with what belongs to it.
package struct QuantizedMatrix: Sendable {
    /// How the node reads it.
    package let precision: Precision
    /// Stored values: int8, or two values of 4 bits a byte (`Precision.Kind.isPacked`).
    package let values: Tensor
    /// Stored scales: one a column, one a row of a table (`isOfRows`), or one a group of rows and column.
    package let scale: Tensor
    /// Factors on the inputs, `[in]`; `nil`: none.
    package let smoothing: Tensor?
    /// Whether scales belong to stored rows.
    package let isOfRows: Bool
    /// Whether the node reads the stored matrix with its axes exchanged.
    package let isTransposed: Bool
    /// Shape of the stored matrix, before values are packed.
    package let shape: Shape
}

extension Model {
    /// A node's matrix as it is stored; `nil` where its numbers are floating-point ones, or a tensor is missing.
    package func quantized(_ node: Node, _ parameter: String) -> QuantizedMatrix? {
        guard let precision = node.precisions[parameter], precision.kind.isQuantized else { return nil }
        let id = node.owner(of: parameter)
        let owner = id.node == node.name ? node : graph.node(named: id.node)
        guard let owner, let matrix = owner.operation.matrices.first(where: { $0.name == id.name }),
            let values = tensors[id], let scale = tensors[owner.parameterID(matrix.scaleName)]
        else { return nil }
        var smoothing: Tensor?
        if precision.isSmoothed, case .product(let name) = matrix.role { smoothing = tensors[node.parameterID(name)] }
        return QuantizedMatrix(
            precision: precision, values: values, scale: scale, smoothing: smoothing, isOfRows: matrix.role == .table,
            isTransposed: node.ties[parameter]?.isTransposed == true, shape: matrix.shape)
    }

    /// A parameter's numbers as its owner lays them out: the stored tensor, or what quantised values stand for.
    package func numbers(of id: ParameterID) -> Tensor? {
        guard let owner = graph.node(named: id.node), let matrix = quantized(owner, id.name) else { return tensors[id] }
        return matrix.dequantized
    }
}

extension QuantizedMatrix {
    /// What the stored values stand for, in float32, laid out as they are stored: value · scale, times the factor of
    /// the input, so that a product with plain inputs is the same but for the rounding of those.
    ///
    /// Takes no memory until it is read.
    package var dequantized: Tensor? {
        let matrix = self
        let storage = TensorStorage.computed(byteCount: shape.count * MemoryLayout<Float>.size) { target in
            matrix.dequantize(into: target.assumingMemoryBound(to: Float.self))
        }
        return Tensor(dtype: .float32, shape: shape, storage: storage)
    }

    private func dequantize(into target: UnsafeMutableBufferPointer<Float>) {
        let rows = shape[0], columns = shape[1]
        let factors = smoothing?.floats
        values.withUnsafeBytes { bytes in
            scale.withFloats { scale in
                for row in 0..<rows {
                    let first = isOfRows ? row : precision.group.map { row / $0 * columns } ?? 0
                    for column in 0..<columns {
                        let value = Float(Self.value(bytes, row, column, columns, precision.kind))
                        let number = value * scale[isOfRows ? first : first + column]
                        target[row * columns + column] = factors.map { $0[row] * number } ?? number
                    }
                }
            }
        }
    }

    /// A stored value.
    @inline(__always)
    private static func value(
        _ bytes: UnsafeRawBufferPointer, _ row: Int, _ column: Int, _ columns: Int, _ kind: Precision.Kind
    ) -> Int {
        guard kind.isPacked else { return Int(Int8(bitPattern: bytes[row * columns + column])) }
        let pair = bytes[row / 2 * columns + column]
        return Int(row.isMultiple(of: 2) ? pair & 15 : pair >> 4) - 8
    }
}

extension Model {
    /// What is wrong with the numbers that stored values are multiplied by, the first of them in order of name; `nil`
    /// when all are finite and none is zero.
    ///
    /// - Complexity: One pass over scales and factors.
    package var factorProblem: String? {
        for node in graph.nodes where !node.precisions.isEmpty {
            for parameter in node.storedParameters {
                let id = node.parameterID(parameter.name)
                guard case .factors = parameter.content, let tensor = tensors[id] else { continue }
                let bad = tensor.withFloats { values in values.firstIndex { !$0.isFinite || $0 == 0 } }
                if let bad { return "\(id): element \(bad) is \(tensor.floats[bad]), a factor is finite and not zero" }
            }
        }
        return nil
    }
}
