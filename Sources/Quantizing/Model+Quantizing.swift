import ModelGraph
import Rewriting
import Tensors

/// What the matrices of a stream become.
struct QuantizedStream {
    /// Stored values and scales by matrix.
    var matrices: [String: (values: [Int8], grid: WeightGrid)] = [:]
    /// Factors of the inputs; `nil`: none.
    var smoothing: [Float]?
    /// New biases by parameter name.
    var biases: [String: [Float]] = [:]
}

extension Model {
    /// Stores the matrices of a stream as whole numbers.
    mutating func set(
        _ unit: QuantizationUnit, to stream: QuantizedStream, _ precision: Precision
    ) throws(AnalysisError) {
        try storeMatrices(of: unit, stream, precision)
        if let smoothing = stream.smoothing, let name = unit.smoothing {
            tensors[ParameterID(node: unit.node, name: name)] = Tensor(smoothing, shape: [smoothing.count])
        }
        for (name, bias) in stream.biases {
            tensors[ParameterID(node: unit.node, name: name)] = Tensor(bias, shape: [bias.count])
        }
        var precision = precision
        precision.isSmoothed = stream.smoothing != nil
        try setPrecisions([(unit, precision)])
    }

    /// Stores the values and scales of matrices; what the graph says of them is changed by the caller.
    mutating func storeMatrices(
        of unit: QuantizationUnit, _ stream: QuantizedStream, _ precision: Precision
    ) throws(AnalysisError) {
        for (name, matrix) in stream.matrices {
            try store(matrix.values, matrix.grid, precision, as: ParameterID(node: unit.node, name: name))
        }
    }

    /// Takes over the matrices of a unit from the same model at another precision, with their biases and factors.
    mutating func take(_ unit: QuantizationUnit, from other: Model) throws(AnalysisError) {
        guard let index = graph.nodes.firstIndex(where: { $0.name == unit.node }),
            let source = other.graph.node(named: unit.node)
        else { throw .mismatch("the graph has no node \(unit.node)") }
        var names = unit.matrices.flatMap { [$0, OperationMatrix.scaleName(of: $0), StreamFit.biasName(of: $0)] }
        if let smoothing = unit.smoothing { names.append(smoothing) }
        for name in names { tensors[source.parameterID(name)] = other.tensors[source.parameterID(name)] }
        do throws(GraphError) {
            graph = try graph.changed { graph in
                for name in unit.matrices { graph.nodes[index].precisions[name] = source.precisions[name] }
            }
        } catch { throw .graph(error) }
    }

    /// Notes what the matrices of units are stored as.
    mutating func setPrecisions(_ units: [(QuantizationUnit, Precision)]) throws(AnalysisError) {
        do throws(GraphError) {
            graph = try graph.changed { graph in
                for (unit, precision) in units {
                    guard let index = graph.nodes.firstIndex(where: { $0.name == unit.node }) else { continue }
                    for name in unit.matrices { graph.nodes[index].precisions[name] = precision }
                }
            }
        } catch { throw .graph(error) }
    }

    /// Stores whole numbers and their scales.
    private mutating func store(
        _ values: [Int8], _ grid: WeightGrid, _ precision: Precision, as id: ParameterID
    ) throws(AnalysisError) {
        let columns = grid.columns, rows = columns > 0 ? values.count / columns : 0
        let stored: Tensor?
        if precision.kind.isPacked {
            let storage = TensorStorage(byteCount: (rows + 1) / 2 * columns) { target in
                for row in 0..<(rows + 1) / 2 * 2 {
                    for column in 0..<columns {
                        let value = UInt8(row < rows ? Int(values[row * columns + column]) + 8 : 8)
                        let place = row / 2 * columns + column
                        target[place] = row.isMultiple(of: 2) ? value : target[place] | value << 4
                    }
                }
            }
            stored = Tensor(dtype: .uint8, shape: [(rows + 1) / 2, columns], storage: storage)
        } else {
            stored = Tensor(wholeNumbers: values, shape: [rows, columns])
        }
        let scale = OperationMatrix.scaleName(of: id.name)
        guard let stored else { throw .tensor(id, reason: "cannot be stored in 8 bits") }
        tensors[id] = stored
        tensors[ParameterID(node: id.node, name: scale)] =
            precision.group == nil
            ? Tensor(grid.scales, shape: [columns])
            : Tensor(halves: grid.scales, shape: [grid.scales.count / max(columns, 1), columns])
    }

    /// Stores a table with one scale a row.
    mutating func storeTable(_ id: ParameterID, _ workers: CancellableWorkers) throws(AnalysisError) {
        guard let table = tensors[id], table.shape.rank == 2 else { throw .tensor(id, reason: "is missing") }
        let rows = table.shape[0], columns = table.shape[1]
        let values = WholeNumbers(count: rows * columns)
        let scales = RowBuffer(rows: rows, columns: 1)
        nonisolated(unsafe) let steps = scales.base
        try table.withFloats { (source) throws(AnalysisError) in
            nonisolated(unsafe) let source = source
            let part = 256
            try workers.run((rows + part - 1) / part) { index in
                for row in index * part..<min((index + 1) * part, rows) {
                    let numbers = UnsafeBufferPointer(rebasing: source[row * columns..<(row + 1) * columns])
                    steps[row] = TableRounding.round(numbers, to: values.base + row * columns)
                }
            }
        }
        tensors[id] = Tensor(wholeNumbers: values.array, shape: table.shape)
        tensors[ParameterID(node: id.node, name: OperationMatrix.scaleName(of: id.name))] =
            Tensor(Array(UnsafeBufferPointer(start: scales.base, count: rows)), shape: [rows])
    }
}

/// Rows of a table in 8 bits.
enum TableRounding {
    /// Parts of the largest magnitude that are tried as the end of the numbers.
    private static let clips: [Float] = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7]

    /// Rounds a row.
    ///
    /// - Returns: The scale of the least squared error.
    static func round(_ row: UnsafeBufferPointer<Float>, to target: UnsafeMutablePointer<Int8>) -> Float {
        var largest: Float = 0
        for value in row { largest = max(largest, abs(value)) }
        guard largest > 0x1p-100, largest.isFinite else { return 1 }
        var best = largest / 127, bestError = Double.infinity
        for clip in clips {
            let scale = largest * clip / 127
            var error = 0.0
            for value in row {
                let rest = Double(value - whole(value, scale) * scale)
                error += rest * rest
            }
            if error < bestError { (best, bestError) = (scale, error) }
        }
        for (index, value) in row.enumerated() { target[index] = Int8(whole(value, best)) }
        return best
    }

    private static func whole(_ value: Float, _ scale: Float) -> Float {
        min(max((value / scale).rounded(.toNearestOrEven), -127), 127)
    }
}

extension Tensor {
    /// Whole numbers of 8 bits.
    init?(wholeNumbers: [Int8], shape: Shape) {
        let storage = TensorStorage(byteCount: wholeNumbers.count) { target in
            wholeNumbers.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        self.init(dtype: .int8, shape: shape, storage: storage)
    }
}
