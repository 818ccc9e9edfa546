import Files
import Matrices
import ModelGraph
import Runtime
import Tensors

extension Model {
    /// The weights of a branch as a prior for its refit.
    package func weight(of branch: Branch) throws(AnalysisError) -> Matrix {
        guard let tensor = tensors[branch.weight] else { throw .tensor(branch.weight, reason: "is missing") }
        return tensor.matrix
    }

    /// The model with a branch's weights and bias replaced; a branch without a bias gets one.
    ///
    /// - Parameter resources: Where memory is short the weights go to a file; `nil`: they stay in memory.
    package func replacing(
        _ branch: Branch, by fit: RidgeFit, _ resources: ExecutionResources? = nil
    ) throws(AnalysisError) -> Model {
        var result = self
        try result.addBias(of: branch.node)
        let weight = Tensor(
            fit.weight.elements.map(Float.init), shape: [fit.weight.rows, fit.weight.columns])
        result.tensors[branch.weight] =
            try resources.map { (resources) throws(AnalysisError) in
                try weight.spilled(resources)
            } ?? weight
        result.tensors[branch.bias] = Tensor(fit.bias.map(Float.init), shape: [fit.bias.count])
        return result
    }

    /// Gives the last matrix of an attention or linear node a bias of zeros where it has none.
    ///
    /// A mean that a replaced map shifts cannot be taken back by weights alone: models without biases (T5, Llama) get
    /// one where something was replaced, `outputWidth` numbers a node.
    package mutating func addBias(of name: String) throws(AnalysisError) {
        guard let index = graph.nodes.firstIndex(where: { $0.name == name }) else { return }
        let operation: Operation
        switch graph.nodes[index].operation {
        case .attention(var attention):
            guard !attention.biases.output else { return }
            attention.biases.output = true
            operation = .attention(attention)
            tensors[ParameterID(node: name, name: "output_bias")] = Tensor(zeros: attention.outputWidth)
        case .linear(var linear):
            guard !linear.hasBias else { return }
            linear.hasBias = true
            operation = .linear(linear)
            tensors[ParameterID(node: name, name: "bias")] = Tensor(zeros: linear.outputWidth)
        default: return
        }
        do { graph = try graph.changed { $0.nodes[index].operation = operation } } catch { throw .graph(error) }
    }

    /// Whether a branch's weight and bias may be moved by a refit: its own, which no other node reads.
    package func canRefit(_ branch: Branch) -> Bool {
        tensors[branch.weight] != nil && !isShared(branch)
    }

    /// Whether other nodes read the weight or the bias of a branch as well.
    package func isShared(_ branch: Branch) -> Bool {
        let shared = graph.sharedParameters
        let ties = graph.node(named: branch.node)?.ties ?? [:]
        return [branch.weight, branch.bias].contains { ties[$0.name] != nil || shared.contains($0) }
    }

    /// The model in which a branch has its weight and bias to itself.
    ///
    /// - Throws: When a tensor is missing.
    package func unsharing(_ branch: Branch) throws(AnalysisError) -> Model {
        var result = self
        var changed = graph.graph
        guard let index = changed.nodes.firstIndex(where: { $0.name == branch.node }) else { return self }
        for parameter in [branch.weight, branch.bias] {
            let node = changed.nodes[index]
            guard node.operation.parameters.contains(where: { $0.name == parameter.name }) else { continue }
            guard let tensor = result.tensor(of: node, parameter.name) else {
                throw .tensor(parameter, reason: "is missing")
            }
            if node.ties[parameter.name] != nil {
                changed.nodes[index].ties[parameter.name] = nil
                result.tensors[parameter] = tensor
                continue
            }
            // The others go on sharing what this node had: the first of them owns it from now on.
            var owner: ParameterID?
            for other in changed.nodes.indices {
                for (name, tie) in changed.nodes[other].ties where tie.parameter == parameter && !tie.isTransposed {
                    if let owner {
                        changed.nodes[other].ties[name]?.parameter = owner
                    } else {
                        owner = changed.nodes[other].parameterID(name)
                        changed.nodes[other].ties[name] = nil
                    }
                }
            }
            if let owner { result.tensors[owner] = tensor }
        }
        do { result.graph = try changed.checked() } catch { throw .graph(error) }
        return result
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

extension Tensor {
    /// A vector of zeros.
    fileprivate init(zeros count: Int) {
        self.init([Float](repeating: 0, count: count), shape: [count])
    }
}
