import ModelGraph
import Platform
import Tensors

/// Inputs of a model that chooses among several texts, `[items, choices, tokens]`: each choice is a sequence.
struct ChoiceArrays {
    /// The same arrays as `[items · choices, tokens]`.
    let arrays: [String: Tensor]
    private let choices: Int

    /// - Returns: `nil` for inputs of a model that chooses nothing, and for choices that are given one by one.
    init?(_ arrays: [String: Tensor], for graph: CheckedGraph) throws(FileError) {
        guard graph.outputs.contains(where: \.isOfChoices), let ids = arrays["input_ids"], ids.shape.rank == 3,
            ids.count > 0
        else { return nil }
        var flat: [String: Tensor] = [:]
        for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
            guard array.shape == ids.shape,
                let rows = array.reshaped(Shape([ids.shape[0] * ids.shape[1], ids.shape[2]]))
            else { throw FileError(.usage, path: name, "has shape \(array.shape), input_ids has \(ids.shape)") }
            flat[name] = rows
        }
        self.arrays = flat
        choices = ids.shape[1]
    }

    /// The sequences, each knowing how many it is chosen from.
    func divided(_ sequences: [ModelInput]) -> [ModelInput] {
        sequences.map { sequence in
            var result = sequence
            result.choices = choices
            return result
        }
    }
}
