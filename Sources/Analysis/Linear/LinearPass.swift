import ModelGraph
import Plans
import Rewriting
import Runtime

/// What it does to the model's output when one matrix stands in for an attention node.
package struct LinearDamage: Sendable, Hashable, Codable {
    /// Name of the attention node.
    package var node: String
    /// The rewrite's difference from the source.
    package var difference: OutputDifference

    package init(node: String, difference: OutputDifference) {
        self.node = node
        self.difference = difference
    }
}

/// For each attention node that allows it: the matrix that gives what the node does best from each row alone, by least
/// squares, and the damage at the output.
///
/// The first attention of a stack is left out: somebody must mix the tokens before others can do without.
enum LinearPass {
    /// The branches that are measured, in execution order.
    static func branches(of graph: CheckedGraph) -> [Branch] {
        let firsts = graph.firstAttentionNodes
        let names = Set(graph.linearizableNodes.map(\.name)).subtracting(firsts)
        return graph.branches.filter { $0.isAttention && names.contains($0.node) }
    }

    /// - Parameters:
    ///   - wanted: The nodes that are measured; what is found for one does not depend on the others.
    ///   - found: Called with each as soon as it is measured.
    static func run(
        _ model: Model, of wanted: Set<String>, sums: SourceSums, probe: OutputProbe,
        resources: ExecutionResources, found: (LinearDamage) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let branches = branches(of: model.graph).filter { wanted.contains($0.node) }
        for branch in branches {
            try CancellableWorkers(resources).check()
            var plan = ReusePlan(of: model.graph)
            plan.linear = [.init(node: branch.node)]
            let trial = try model.applying(plan)
            let fitted = try trial.refitted(branch.asLinear(in: trial.graph), sums, resources)
            try found(.init(node: branch.node, difference: try probe.difference(of: fitted)))
        }
    }
}
