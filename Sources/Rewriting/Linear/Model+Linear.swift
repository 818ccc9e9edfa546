import Matrices
import ModelGraph
import Plans
import Runtime
import Tensors

extension Model {
    /// Gives nodes that a plan makes linear their matrix: what the attention computes where each token looks at itself
    /// alone, all heads' values times their part of the output projection. Healing fits it from there.
    ///
    /// - Parameter source: The model before.
    mutating func setLinear(_ entries: [ReusePlan.Linear], of source: Model) throws(AnalysisError) {
        for node in source.graph.attentionNodes where entries.contains(where: { $0.node == node.name }) {
            guard let attention = node.attention else { continue }
            for parameter in node.ownParameters { tensors[node.parameterID(parameter.name)] = nil }
            var weight = Matrix(zeros: attention.inputWidth, attention.outputWidth)
            var bias = Matrix(zeros: 1, attention.outputWidth)
            if !attention.keptHeads.isEmpty {
                let values = try source.matrix(of: node, "value_weight"),
                    output = try source.matrix(of: node, "output_weight")
                let offsets = attention.biases.value ? try source.matrix(of: node, "value_bias") : nil
                let size = attention.valueSize
                for (slot, head) in attention.keptHeads.enumerated() {
                    guard let group = attention.valueGroups.firstIndex(of: attention.group(of: head)) else { continue }
                    let columns = Array(group * size..<(group + 1) * size)
                    let part = output.selecting(rows: Array(slot * size..<(slot + 1) * size))
                    weight = weight + values.selecting(columns: columns).multiplied(by: part)
                    if let offsets { bias = bias + offsets.selecting(columns: columns).multiplied(by: part) }
                }
            }
            if attention.biases.output { bias = bias + (try source.matrix(of: node, "output_bias")) }
            tensors[node.parameterID("weight")] = Tensor(
                weight.elements.map(Float.init), shape: [weight.rows, weight.columns])
            tensors[node.parameterID("bias")] = Tensor(bias.elements.map(Float.init), shape: [bias.columns])
        }
    }

    private func matrix(of node: Node, _ name: String) throws(AnalysisError) -> Matrix {
        guard let tensor = tensor(of: node, name) else { throw .tensor(node.parameterID(name), reason: "is missing") }
        return tensor.matrix
    }

    /// Sets the biases of nodes that became linear so that the mean of what they give stays.
    ///
    /// - Parameter source: The model in which they are attention nodes.
    mutating func keepMeansOfLinearNodes(
        from source: Model, along plan: ReusePlan, sequences: [ModelInput], resources: ExecutionResources
    ) throws(AnalysisError) {
        let nodes = source.graph.attentionNodes.filter { node in plan.linear.contains { $0.node == node.name } }
        guard !nodes.isEmpty else { return }
        let names = Set(nodes.flatMap { [$0.name] + $0.inputs.prefix(1) }).sorted()
        let compiled = try source.compiled(resources: resources, observing: Observation(values: Set(names)))
        var sums: [String: [Double]] = [:]
        var counts: [String: Int] = [:]
        for chunk in sequences.batches(rows: 4096, by: .reaching) {
            for (name, rows) in try compiled.collect(Array(sequences[chunk]), values: names).values {
                var sum = sums[name] ?? [Double](repeating: 0, count: rows.columns)
                for row in 0..<rows.rows {
                    for (column, value) in rows.row(row).enumerated() { sum[column] += Double(value) }
                }
                sums[name] = sum
                counts[name, default: 0] += rows.rows
            }
        }
        for node in nodes {
            guard let input = node.inputs.first, let given = sums[input], let wanted = sums[node.name],
                let weight = tensors[node.parameterID("weight")]?.matrix, let count = counts[input], count > 0
            else { continue }
            let mean = Matrix(rows: 1, columns: given.count, elements: given.map { $0 / Double(count) })
            let product = mean.multiplied(by: weight).elements
            tensors[node.parameterID("bias")] = Tensor(
                zip(wanted, product).map { Float($0 / Double(count) - $1) }, shape: [wanted.count])
        }
    }
}

extension Branch {
    /// The branch of a node that was attention in a source and is one matrix in its rewrite; others stay.
    package func asLinear(in rewrite: CheckedGraph) -> Branch {
        guard isAttention, let node = rewrite.node(named: node), case .linear = node.operation,
            let input = node.inputs.first
        else { return self }
        return Branch(node: node.name, features: .value(input), sum: sum, others: others)
    }
}

extension CheckedGraph {
    /// The first node that a plan makes linear and that is not yet: calibration data are needed to fit it. `nil`: there
    /// is none.
    package func firstNodeMadeLinear(by plan: ReusePlan) -> String? {
        graph.attentionNodes.first { node in plan.linear.contains { $0.node == node.name } }?.name
    }
}
