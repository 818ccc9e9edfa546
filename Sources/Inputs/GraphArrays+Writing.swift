import ModelGraph
import Tensors

extension GraphArrays {
    /// What a batch is given to a model as, under the framework's names: what `sequences(from:for:)` reads back.
    ///
    /// - Returns: `input_ids`, `attention_mask` and where some are not 0 `token_type_ids` of a text model, int64
    ///   `[batch, tokens]`, padded with zeros; every input that the graph lays out itself in the framework's shape, ids
    ///   as int64, numbers as float32. Inputs of different lengths are padded with zeros.
    package static func arrays(
        of sequences: [ModelInput], for graph: CheckedGraph
    ) -> [(name: String, tensor: Tensor)] {
        guard !sequences.isEmpty else { return [] }
        var result: [(name: String, tensor: Tensor)] = []
        let longest = sequences.map(\.ids.count).max() ?? 0
        if longest > 0 {
            result.append(("input_ids", tensor(sequences.map { $0.ids.map(Int64.init) }, longest)))
            let masks = sequences.map { sequence in
                sequence.mask.isEmpty ? sequence.ids.map { _ in Int64(1) } : sequence.mask.map { $0 ? 1 : 0 }
            }
            result.append(("attention_mask", tensor(masks, longest)))
            if sequences.contains(where: { !$0.types.isEmpty }) {
                result.append(("token_type_ids", tensor(sequences.map { $0.types.map(Int64.init) }, longest)))
            }
        }
        for (name, layout) in graph.inputLayouts.sorted(by: { $0.key < $1.key }) {
            let parts = sequences.map { $0.arrays[name] }
            guard parts.contains(where: { $0 != nil }) else { continue }
            let rows = parts.compactMap { $0?.rows }.max() ?? 0
            if layout.content == .ids {
                result.append((name, tensor(parts.map { ($0?.ids ?? []).map(Int64.init) }, rows)))
            } else {
                result.append((name, numbers(parts, layout, rows)))
            }
        }
        return result
    }

    /// `[batch, rows]`.
    private static func tensor(_ rows: [[Int64]], _ longest: Int) -> Tensor {
        let shape: Shape = [rows.count, longest]
        let storage = TensorStorage(byteCount: shape.count * MemoryLayout<Int64>.stride) { target in
            let numbers = target.bindMemory(to: Int64.self)
            for (index, row) in rows.enumerated() {
                for (place, value) in row.prefix(longest).enumerated() {
                    numbers[index * longest + place] = value.littleEndian
                }
            }
        }
        return Tensor(dtype: .int64, shape: shape, storage: storage) ?? Tensor([], shape: [0])
    }

    /// `[batch, rows, width]`, or with the grid in place of the rows, channels where the framework has them.
    private static func numbers(_ parts: [InputArray?], _ layout: InputLayout, _ rows: Int) -> Tensor {
        let columns = parts.compactMap { $0?.columns }.max() ?? layout.width
        var result = [Float](repeating: 0, count: parts.count * rows * columns)
        for (index, part) in parts.enumerated() {
            guard let part else { continue }
            for row in 0..<part.rows {
                for column in 0..<part.columns {
                    let place = layout.isChannelsFirst ? column * rows + row : row * columns + column
                    result[index * rows * columns + place] = part.numbers[row * part.columns + column]
                }
            }
        }
        let inner = layout.grid.isEmpty ? (layout.rows == .sequences ? [] : [rows]) : layout.grid
        let extents = layout.isChannelsFirst ? [columns] + inner : inner + [columns]
        return Tensor(result, shape: Shape([parts.count] + extents))
    }
}
