import ModelGraph
import Tensors
import TestSupport

extension Model {
    /// The model with the matrices of its products stored as a precision says: rounded to the nearest, no repair.
    ///
    /// Scales of groups are powers of two, so that they are float16 numbers.
    func rounded(to precision: Precision) throws -> Model {
        var model = self
        var graph = self.graph.graph
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            for matrix in node.operation.matrices where node.ties[matrix.name] == nil {
                guard case .product(let smoothing) = matrix.role,
                    let tensor = model.tensors[node.parameterID(matrix.name)]
                else { continue }
                graph.nodes[index].precisions[matrix.name] = precision
                guard precision.kind != .bfloat16 else {
                    model.tensors[node.parameterID(matrix.name)] = Rounded.bfloats(tensor)
                    continue
                }
                let depth = matrix.shape[0]
                let factors = (0..<depth).map { precision.isSmoothed ? 0.5 + Float($0 % 7) / 4 : 1 }
                let stored = Rounded(tensor.floats, rows: depth, columns: matrix.shape[1], precision, factors)
                model.tensors[node.parameterID(matrix.name)] = stored.values
                model.tensors[node.parameterID(matrix.scaleName)] = stored.scales
                if precision.isSmoothed {
                    model.tensors[node.parameterID(smoothing)] = Tensor(factors, shape: [depth])
                }
            }
        }
        model.graph = try graph.checked()
        return model
    }

    /// The model in float32 whose matrices are what the stored ones stand for.
    func restored() throws -> Model {
        var model = self
        var graph = self.graph.graph
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            for name in node.precisions.keys {
                model.tensors[node.parameterID(name)] = tensor(of: node, name)?.float32()
            }
            graph.nodes[index].precisions = [:]
        }
        model.graph = try graph.checked()
        return model
    }
}

/// A matrix in fewer bits.
private struct Rounded {
    let values, scales: Tensor

    init(_ weight: [Float], rows: Int, columns: Int, _ precision: Precision, _ factors: [Float]) {
        let largest: Float = precision.kind.isPacked ? 7 : 127
        let group = precision.group ?? rows, groups = (rows + group - 1) / group
        var scales = [Float](repeating: 0, count: groups * columns)
        for index in weight.indices {
            let place = index / columns / group * columns + index % columns
            scales[place] = max(scales[place], abs(weight[index] / factors[index / columns]) / largest)
        }
        if precision.group != nil {
            scales = scales.map { Float(sign: .plus, exponent: max($0, 1e-3).exponent + 1, significand: 1) }
        }
        let numbers = weight.indices.map { index in
            let scale = scales[index / columns / group * columns + index % columns]
            return Int((weight[index] / factors[index / columns] / scale).rounded())
        }
        if precision.kind.isPacked {
            values = Self.tensor(.uint8, [(rows + 1) / 2, columns]) { bytes in
                for index in bytes.indices {
                    let row = index / columns * 2, column = index % columns
                    let high = row + 1 < rows ? numbers[(row + 1) * columns + column] + 8 : 8
                    bytes[index] = UInt8(numbers[row * columns + column] + 8 | high << 4)
                }
            }
        } else {
            values = Self.tensor(.int8, [rows, columns]) { bytes in
                for index in bytes.indices { bytes[index] = UInt8(bitPattern: Int8(numbers[index])) }
            }
        }
        guard precision.group != nil else {
            self.scales = Tensor(scales, shape: [columns])
            return
        }
        let powers = scales
        self.scales = Self.tensor(.float16, [groups, columns]) { bytes in
            for (index, scale) in powers.enumerated() { bytes[2 * index + 1] = UInt8((Int(scale.exponent) + 15) << 2) }
        }
    }

    /// The upper halves of float32 numbers, rounded towards zero.
    static func bfloats(_ weight: Tensor) -> Tensor {
        let numbers = weight.floats
        return tensor(.bfloat16, weight.shape) { bytes in
            for (index, number) in numbers.enumerated() {
                bytes.storeBytes(of: UInt16(number.bitPattern >> 16), toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }

    private static func tensor(
        _ dtype: DType, _ shape: Shape, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Tensor {
        let storage = TensorStorage(byteCount: shape.count * dtype.byteCount) { fill($0) }
        guard let tensor = Tensor(dtype: dtype, shape: shape, storage: storage) else {
            preconditionFailure("storage of another size")
        }
        return tensor
    }
}
