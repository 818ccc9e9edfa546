import ModelGraph
import Tensors

extension Model {
    /// The weights of a branch as a prior for its refit.
    package func weight(of branch: Branch) throws(AnalysisError) -> Matrix {
        let path = "\(branch.node)/\(branch.parameters.weight)"
        guard let tensor = tensors[path] else { throw .tensor(path: path, reason: "is missing") }
        return tensor.matrix
    }

    /// The model with a branch's weights and bias replaced.
    package func replacing(_ branch: Branch, by fit: RidgeFit) -> Model {
        var result = self
        result.tensors["\(branch.node)/\(branch.parameters.weight)"] = Tensor(
            fit.weight.elements.map(Float.init), shape: [fit.weight.rows, fit.weight.columns])
        result.tensors["\(branch.node)/\(branch.parameters.bias)"] = Tensor(
            fit.bias.map(Float.init), shape: [fit.bias.count])
        return result
    }

    /// Whether a branch has a weight and a bias that a refit may move: its own, which nobody else reads.
    package func canRefit(_ branch: Branch) -> Bool {
        let shared = graph.sharedParameters
        return [branch.parameters.weight, branch.parameters.bias].allSatisfy { parameter in
            let path = "\(branch.node)/\(parameter)"
            return tensors[path] != nil && !shared.contains(path)
        }
    }

    /// SHA-256 over names, shapes and contents of all tensors: the same weights have the same digest, whatever file
    /// they came in.
    package var weightsDigest: Digest {
        var hasher = SHA256()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            Array("\(name) \(tensor.dtype.rawValue) \(tensor.shape) \(tensor.digest.hex)\n".utf8).withUnsafeBytes {
                hasher.update($0)
            }
        }
        return hasher.finalize()
    }
}
