import Matrices
import ModelGraph
import Runtime
import Tensors

extension Model {
    /// Moves what dropped heads contribute on average into the output bias.
    ///
    /// - Parameter source: The model in which the heads are still kept.
    mutating func keepMeansOfDroppedHeads(
        from source: Model, sequences: [ModelInput], resources: ExecutionResources
    ) throws(AnalysisError) {
        let shared = graph.sharedParameters
        for node in source.graph.attentionNodes {
            guard let before = node.attention, let after = graph.node(named: node.name)?.attention else { continue }
            let dropped = before.keptHeads.enumerated().filter { after.heads[$0.element].isDropped }.map(\.offset)
            let id = node.parameterID("output_bias")
            guard !dropped.isEmpty, !shared.contains(id) else { continue }
            try addBias(of: node.name)
            guard let bias = tensors[id],
                let weight = source.tensors[node.parameterID("output_weight")]
            else {
                continue
            }
            let compiled = try source.compiled(resources: resources, observing: .init(contexts: [node.name]))
            var sums = [Double](repeating: 0, count: before.keptHeads.count * before.valueSize)
            var count = 0
            for chunk in sequences.batches(rows: 4096, by: .reaching) {
                guard
                    let rows = try compiled.collect(Array(sequences[chunk]), contexts: [node.name]).contexts[node.name]
                else {
                    continue
                }
                for row in 0..<rows.rows {
                    for (column, value) in rows.row(row).enumerated() { sums[column] += Double(value) }
                }
                count += rows.rows
            }
            var shifted = bias.floats.map(Double.init)
            for slot in dropped {
                let columns = slot * before.valueSize..<(slot + 1) * before.valueSize
                let means = Matrix(
                    rows: 1, columns: columns.count, elements: columns.map { sums[$0] / Double(max(count, 1)) })
                let part = means.multiplied(by: weight.block(rows: columns, columns: 0..<before.outputWidth))
                for index in shifted.indices { shifted[index] += part.elements[index] }
            }
            tensors[id] = Tensor(shifted.map(Float.init), shape: bias.shape)
        }
    }
}

extension CheckedGraph {
    /// Name of the first attention node that drops a head which `source`, the graph that this one was made of, keeps:
    /// its mean is needed, and calibration data to take it from. `nil`: there is none.
    package func firstNodeDroppingHeads(of source: CheckedGraph) -> String? {
        graph.attentionNodes.first { node in
            let before = source.node(named: node.name)?.attention?.heads ?? []
            return zip(before, node.attention?.heads ?? []).contains { !$0.isDropped && $1.isDropped }
        }?.name
    }
}
