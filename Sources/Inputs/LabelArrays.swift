import NumPy
import Platform
import Tensors

/// The right numbers for items, from arrays whose first axis counts the items.
package enum LabelArrays {
    /// The numbers of each item, row by row, by the output's name; of a `.npy` the name is empty.
    ///
    /// - Parameter path: A `.npy`, or an `.npz` with `out` or `out.<output>`, as `--reference` takes it.
    package static func read(path: String) throws(FileError) -> [[String: [Float]]] {
        guard path.hasSuffix(".npz") else { return try items(of: ["": try NumPyArray.read(path: path)], path: path) }
        var outputs: [String: Tensor] = [:]
        for (name, tensor) in try NumPyArchive(path: path).tensors() {
            if name == "out" { outputs[""] = tensor }
            if name.hasPrefix("out.") { outputs[String(name.dropFirst(4))] = tensor }
        }
        return try items(of: outputs, path: path)
    }

    /// The numbers of each item.
    ///
    /// - Throws: `usage` for no arrays, and for arrays that do not count the same items.
    package static func items(
        of arrays: [String: Tensor], path: String
    ) throws(FileError) -> [[String: [Float]]] {
        let counts = Set(arrays.values.map { $0.shape.extents.first ?? 0 })
        guard let count = counts.first, counts.count == 1 else {
            throw FileError(
                .usage, path: path,
                arrays.isEmpty ? "holds no labels, out or out.NAME" : "its labels count different numbers of items")
        }
        var result = [[String: [Float]]](repeating: [:], count: count)
        for (name, tensor) in arrays {
            let numbers = tensor.floats
            let size = count == 0 ? 0 : numbers.count / count
            for item in 0..<count { result[item][name] = Array(numbers[item * size..<(item + 1) * size]) }
        }
        return result
    }
}
