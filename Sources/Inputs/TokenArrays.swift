import ModelGraph
import Platform
import Tensors

/// Token sequences from arrays under the frameworks' names, as an `.npz` holds them.
package enum TokenArrays {
    private static let known: Set<String> = ["input_ids", "attention_mask", "token_type_ids"]

    /// Sequences of a padded batch.
    ///
    /// - Parameter arrays: `input_ids` `[batch, tokens]`, and where given `attention_mask` (not 0: visible) and
    ///   `token_type_ids` of the same shape; integers, Booleans or whole floating-point numbers.
    /// - Throws: `FileError` naming the array that is missing, unknown or misshapen.
    package static func sequences(from arrays: [String: Tensor]) throws(FileError) -> [ModelInput] {
        guard let ids = arrays["input_ids"] else {
            throw FileError(
                .usage, path: "input_ids", "is missing; found \(arrays.keys.sorted().joined(separator: ", "))")
        }
        if let unknown = arrays.keys.sorted().first(where: { !known.contains($0) }) {
            throw FileError(
                .usage, path: unknown,
                "is not an input of this model; it takes \(known.sorted().joined(separator: ", "))")
        }
        guard ids.shape.rank == 2 else {
            throw FileError(.usage, path: "input_ids", "has shape \(ids.shape), expected [batch, tokens]")
        }
        // An array without elements may claim any number of rows.
        guard ids.count > 0 else {
            throw FileError(.usage, path: "input_ids", "has shape \(ids.shape): no tokens at all")
        }
        for (name, array) in arrays.sorted(by: { $0.key < $1.key }) where array.shape != ids.shape {
            throw FileError(.usage, path: name, "has shape \(array.shape), input_ids has \(ids.shape)")
        }
        let batch = ids.shape[0], tokens = ids.shape[1]
        let idNumbers = try ids.wholeNumbers("input_ids")
        let types = try arrays["token_type_ids"].map { (array) throws(FileError) in
            try array.wholeNumbers("token_type_ids")
        }
        let mask = try arrays["attention_mask"].map { (array) throws(FileError) in
            try array.wholeNumbers("attention_mask")
        }
        return (0..<batch).map { row in
            let range = row * tokens..<(row + 1) * tokens
            return ModelInput(
                ids: Array(idNumbers[range]), types: types.map { Array($0[range]) } ?? [],
                mask: mask.map { $0[range].map { $0 != 0 } } ?? [])
        }
    }
}

extension Tensor {
    /// Elements as whole numbers.
    func wholeNumbers(_ name: String) throws(FileError) -> [Int32] {
        // Exact for everything that a table of 2²⁴ rows can be indexed with; larger ids are refused by the model.
        var result: [Int32] = []
        result.reserveCapacity(count)
        for value in floats {
            guard let whole = Int32(exactly: value) else {
                throw FileError(.usage, path: name, "holds \(value), which is not a whole number")
            }
            result.append(whole)
        }
        return result
    }
}
