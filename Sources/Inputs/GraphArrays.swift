import ModelGraph
import Platform
import Tensors

/// A model's inputs from arrays under the framework's names, as an `.npz` holds them.
package enum GraphArrays {
    /// Sequences of a batch.
    ///
    /// - Parameter arrays: For a text model what `TokenArrays` takes, or the same under the names of KerasHub or of
    ///   TensorFlow's Model Garden (`token_ids`, `input_word_ids` …); every input that the graph lays out itself in the
    ///   framework's shape: `[batch, rows]` for ids, `[batch, rows, width]`, `[batch, height, width, channels]` (or
    ///   channels first), `[batch, queries, keys]` for a mask of pairs. A width of 1 may be left out.
    /// - Throws: `FileError` naming the array that is missing, unknown or misshapen.
    package static func sequences(
        from arrays: [String: Tensor], for graph: CheckedGraph
    ) throws(FileError) -> [ModelInput] {
        let named = positional(InputNames.translated(arrays, for: graph), graph)
        if let choices = try ChoiceArrays(named, for: graph) {
            return choices.divided(try sequences(from: choices.arrays, for: graph))
        }
        let arrays = named
        guard !graph.inputLayouts.isEmpty else { return try TokenArrays.sequences(from: arrays) }
        let masks = Set(graph.inputLayouts.values.compactMap(\.mask))
        let usual = arrays.filter { graph.inputLayouts[$0.key] == nil && !masks.contains($0.key) }
        if let unknown = usual.keys.sorted().first(where: { !graph.inputs.contains($0) }) {
            let known = graph.inputs.sorted().joined(separator: ", ")
            throw FileError(.usage, path: unknown, "is not an input of this model; it takes \(known)")
        }
        // An array without elements may claim any number of rows.
        if let empty = arrays.sorted(by: { $0.key < $1.key }).first(where: { $0.value.count == 0 }) {
            throw FileError(.usage, path: empty.key, "has shape \(empty.value.shape): no elements at all")
        }
        guard let batch = arrays.values.first?.shape.extents.first else {
            throw FileError(
                .usage, path: "inputs", "are empty; the model takes \(graph.inputs.joined(separator: ", "))")
        }
        for (name, array) in arrays.sorted(by: { $0.key < $1.key })
        where array.shape.rank == 0 || array.shape[0] != batch {
            throw FileError(.usage, path: name, "has shape \(array.shape), other inputs have \(batch) sequences")
        }
        var sequences =
            usual.isEmpty
            ? [ModelInput](repeating: ModelInput(), count: batch) : try TokenArrays.sequences(from: usual)
        for (name, layout) in graph.inputLayouts.sorted(by: { $0.key < $1.key }) {
            guard let array = arrays[name] else {
                guard layout.absent != nil else { throw FileError(.usage, path: name, "is missing") }
                continue
            }
            let parts = try parts(of: array, layout, name, mask: layout.mask.flatMap { arrays[$0] })
            for (index, part) in parts.enumerated() { sequences[index].arrays[name] = part }
        }
        return sequences
    }

    /// One array for a model with one input, whatever it is called: frameworks name inputs by themselves, and differ.
    private static func positional(_ arrays: [String: Tensor], _ graph: CheckedGraph) -> [String: Tensor] {
        guard arrays.count == 1, graph.inputs.count == 1, !graph.inputLayouts.isEmpty,
            let array = arrays.values.first
        else { return arrays }
        return [graph.inputs[0]: array]
    }

    /// An input's array cut into sequences.
    private static func parts(
        of array: Tensor, _ layout: InputLayout, _ name: String, mask: Tensor?
    ) throws(FileError) -> [InputArray] {
        let batch = array.shape[0]
        let extents = Array(array.shape.extents.dropFirst())
        func misshapen(_ expected: String) -> FileError {
            FileError(.usage, path: name, "has shape \(array.shape), expected \(expected)")
        }
        if layout.content == .ids {
            // A width of 1 may stand there, as for any input.
            let axes = extents.count > 1 && extents.last == 1 ? extents.count - 1 : extents.count
            guard axes == (layout.rows == .sequences ? 0 : 1) || extents == [1] && layout.rows == .sequences else {
                throw misshapen("[batch, rows]")
            }
            let ids = try array.wholeNumbers(name)
            let rows = extents.first ?? 1
            guard let mask else { return (0..<batch).map { InputArray(ids: Array(ids[$0 * rows..<($0 + 1) * rows])) } }
            guard mask.shape == array.shape else {
                throw FileError(
                    .usage, path: layout.mask ?? name, "has shape \(mask.shape), \(name) has \(array.shape)")
            }
            let shown = try mask.wholeNumbers(layout.mask ?? name).map { $0 != 0 }
            return (0..<batch).map { index in
                let range = index * rows..<(index + 1) * rows
                return InputArray(ids: Array(ids[range]), mask: Array(shown[range]))
            }
        }
        let rows: Int, columns: Int
        if !layout.grid.isEmpty {
            let expected = layout.isChannelsFirst ? [layout.width] + layout.grid : layout.grid + [layout.width]
            guard extents == expected else { throw misshapen("[batch, \(expected.text)]") }
            rows = layout.grid.reduce(1, *)
            columns = layout.width
        } else if layout.isPairs {
            guard extents.count == 2 else { throw misshapen("[batch, queries, keys]") }
            (rows, columns) = (extents[0], extents[1])
        } else if layout.rows == .sequences {
            guard extents == [layout.width] || (layout.width == 1 && extents.isEmpty) else {
                throw misshapen("[batch, \(layout.width)]")
            }
            (rows, columns) = (1, layout.width)
        } else if layout.isChannelsFirst {
            guard extents.count == 2, extents[0] == layout.width else {
                throw misshapen("[batch, \(layout.width), rows]")
            }
            (rows, columns) = (extents[1], extents[0])
        } else {
            guard extents.count == 2 || (layout.width == 1 && extents.count == 1),
                extents.count == 1 || extents[1] == layout.width
            else { throw misshapen("[batch, rows, \(layout.width)]") }
            (rows, columns) = (extents[0], layout.width)
        }
        let numbers = array.floats
        let size = rows * columns
        return (0..<batch).map { index in
            let part = Array(numbers[index * size..<(index + 1) * size])
            let isTurned = layout.isChannelsFirst
            let turned = isTurned ? Tensor(part, shape: [columns, rows]).transposed()?.floats : nil
            return InputArray(rows: rows, columns: columns, numbers: turned ?? part)
        }
    }
}

extension [Int] {
    fileprivate var text: String { map(String.init).joined(separator: ", ") }
}
