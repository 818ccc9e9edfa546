import ModelGraph
import Runtime
import Tensors

/// One value of a batch, padded to its longest sequence.
struct ValuePlane {
    let name: String
    let value: String
    let shape: Shape
    /// The same numbers under the framework's axes, where it has others.
    let framework: Shape?
    let isPooled: Bool
    let buffer: FloatBuffer

    init(name: String, value: String, shape: Shape, framework: Shape? = nil, isPooled: Bool) {
        self.framework = framework
        self.name = name
        self.value = value
        self.shape = shape
        self.isPooled = isPooled
        buffer = FloatBuffer(count: shape.count)
    }

    var tensor: Tensor { Tensor(buffer.elements, shape: framework ?? shape) }

    /// Copies what a group computed to where its sequences stand in the batch.
    func fill(from group: GroupResult) {
        guard let rows = group.value(value) else { return }
        for sequence in group.sequences {
            if isPooled {
                (buffer.base + sequence.index * rows.columns).update(
                    from: rows.base + sequence.number * rows.stride, count: rows.columns)
                continue
            }
            let start = group.sequence(sequence, alongRowsOf: value).rows.lowerBound
            for (row, position) in group.positions(of: sequence, alongRowsOf: value).enumerated() {
                (buffer.base + (sequence.index * shape[1] + Int(position)) * rows.columns).update(
                    from: rows.base + (start + row) * rows.stride, count: rows.columns)
            }
        }
    }
}

/// All maps of one attention node, padded to the longest sequences of queries and keys.
struct MapPlane {
    let name: String
    let node: String
    let heads: Int
    let shape: Shape
    let buffer: FloatBuffer
    /// Whether the array has an axis of heads.
    private let hasHeadAxis: Bool

    init(name: String, node: String, heads: Int, hasHeadAxis: Bool, batch: Int, queries: Int, keys: Int) {
        self.hasHeadAxis = hasHeadAxis || heads != 1
        self.name = name
        self.node = node
        self.heads = heads
        shape = [batch, heads, queries, keys]
        buffer = FloatBuffer(count: shape.count)
    }

    var tensor: Tensor {
        Tensor(buffer.elements, shape: hasHeadAxis ? shape : [shape[0], shape[2], shape[3]])
    }

    /// Copies what a group computed to where its sequences stand in the batch.
    ///
    /// - Parameter evensEmptyRows: Whether a row of zeros becomes equal shares of all keys.
    func fill(from group: GroupResult, evensEmptyRows: Bool = false) {
        for sequence in group.sequences {
            for head in 0..<heads {
                let id = HeadID(node: node, head: head)
                guard let map = group.map(id, of: sequence), let positions = group.positions(ofMap: id, sequence) else {
                    continue
                }
                let plane = buffer.base + (sequence.index * heads + head) * shape[2] * shape[3]
                for (row, query) in positions.queries.enumerated() {
                    let target = plane + Int(query) * shape[3]
                    let shares = map.row(row)
                    let isEmpty = evensEmptyRows && shares.allSatisfy { $0 == 0 }
                    let even = 1 / Float(max(1, shares.count))
                    for (key, value) in zip(positions.keys, shares) { target[Int(key)] = isEmpty ? even : value }
                }
            }
        }
    }
}

extension FloatBuffer {
    /// A copy of all elements.
    var elements: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
