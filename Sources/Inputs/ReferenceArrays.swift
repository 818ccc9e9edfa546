import NumPy
import Platform
import Tensors

/// Inputs and outputs of a model as its own framework computed them, from an `.npz`.
///
/// `in.<input>`, and `out` or `out.<output>`. Other arrays are not looked at.
package struct ReferenceArrays: Sendable {
    /// The file as the caller named it.
    package let path: String
    /// By the inputs' names.
    package let inputs: [String: Tensor]
    /// By the outputs' names; the only output of a model may have none.
    package let outputs: [String: Tensor]

    /// - Throws: `usage` for a file that holds no inputs or no outputs.
    package init(path: String) throws(FileError) {
        self.path = path
        var inputs: [String: Tensor] = [:], outputs: [String: Tensor] = [:]
        for (name, tensor) in try NumPyArchive(path: path).tensors() {
            if name.hasPrefix("in.") {
                inputs[String(name.dropFirst(3))] = tensor
            } else if name == "out" {
                outputs[""] = tensor
            } else if name.hasPrefix("out.") {
                outputs[String(name.dropFirst(4))] = tensor
            }
        }
        guard !inputs.isEmpty, !outputs.isEmpty else {
            throw FileError(
                .usage, path: path, "holds no \(inputs.isEmpty ? "inputs, in.NAME" : "outputs, out or out.NAME")",
                remedy: "inspect --reference-script prints a script that writes such a file")
        }
        self.inputs = inputs
        self.outputs = outputs
    }
}
