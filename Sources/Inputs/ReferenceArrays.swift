import NumPy
import Platform
import Tensors

/// Inputs and outputs of a model as its own framework computed them, from an `.npz`.
///
/// `in.<input>`, `out` or `out.<output>`, and attention maps where there are some: `attn.<layer>` or `map.<layer>`
/// in the
/// order in which the model computes them, or `attentions_<i>`. Other arrays are not looked at.
package struct ReferenceArrays: Sendable {
    /// The file as the caller named it.
    package let path: String
    /// By the inputs' names.
    package let inputs: [String: Tensor]
    /// By the outputs' names; the only output of a model may have none.
    package let outputs: [String: Tensor]
    /// Attention maps in the order in which the model computes them.
    package let maps: [Tensor]

    /// - Throws: `usage` for a file that holds no inputs or no outputs.
    package init(path: String) throws(FileError) {
        self.path = path
        var inputs: [String: Tensor] = [:], outputs: [String: Tensor] = [:]
        let archive = try NumPyArchive(path: path)
        let arrays = try archive.tensors()
        for (name, tensor) in arrays {
            if name.hasPrefix("in.") {
                inputs[String(name.dropFirst(3))] = tensor
            } else if name == "out" {
                outputs[""] = tensor
            } else if name.hasPrefix("out."), !name.hasPrefix("out.attentions_") {
                outputs[String(name.dropFirst(4))] = tensor
            }
        }
        guard !inputs.isEmpty, !outputs.isEmpty else {
            throw FileError(
                .usage, path: path, "holds no \(inputs.isEmpty ? "inputs, in.NAME" : "outputs, out or out.NAME")",
                remedy: "inspect --reference-script prints a script that writes such a file")
        }
        maps = Self.maps(arrays, order: archive.names)
        self.inputs = inputs
        self.outputs = outputs
    }

    private static func maps(_ arrays: [String: Tensor], order names: [String]) -> [Tensor] {
        let named = names.filter { name in ["attn.", "map.", "scores."].contains { name.hasPrefix($0) } }
        guard named.isEmpty else { return named.compactMap { arrays[$0] } }
        // Counted by name, whatever their order in the file.
        var maps: [Tensor] = []
        while let map = arrays["attentions_\(maps.count)"] ?? arrays["out.attentions_\(maps.count)"] {
            maps.append(map)
        }
        return maps
    }
}
