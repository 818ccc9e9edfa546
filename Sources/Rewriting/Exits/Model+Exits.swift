import ModelGraph
import Plans
import Tensors

extension Model {
    /// The model with exits: the last thing that is done to it.
    ///
    /// - Parameter images: Weight and bias of each exit's image, by the value that it looks at.
    func addingExits(
        _ entries: [ReusePlan.Exit], head: ExitHead, images: [String: (weight: Tensor, bias: Tensor)]
    ) throws(AnalysisError) -> Model {
        var result = self
        do { result.graph = try graph.addingExits(entries) } catch { throw .graph(error) }
        for entry in entries {
            let names = ExitNames(after: entry.after)
            guard let image = images[entry.after] else { continue }
            result.tensors[ParameterID(node: names.image, name: "weight")] = image.weight
            result.tensors[ParameterID(node: names.image, name: "bias")] = image.bias
            // Quantised nodes of the head have parameters of their own at each exit.
            for node in head.pooling + head.scoring where !node.precisions.isEmpty {
                for parameter in node.storedParameters {
                    result.tensors[ParameterID(node: names.copy(of: node.name), name: parameter.name)] =
                        tensors[node.parameterID(parameter.name)]
                }
            }
        }
        var plan = plan ?? ReusePlan(of: graph)
        plan.exits = entries
        result.plan = plan
        do { try result.validate() } catch { throw .graph(error) }
        return result
    }
}
