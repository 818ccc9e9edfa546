import ModelGraph
import Plans
import Runtime
import Tensors

extension Model {
    /// Cuts the matrices of feed-forward parts to the neurons that a plan keeps.
    ///
    /// - Parameters:
    ///   - entries: Sound ones: the graph was narrowed along them.
    ///   - source: The model before.
    mutating func cutNeurons(_ entries: [ReusePlan.Neurons], of source: Model) throws(AnalysisError) {
        for (part, kept) in source.graph.narrowed(by: entries) {
            for name in part.firsts {
                guard let node = source.graph.node(named: name) else { continue }
                for parameter in node.ownParameters {
                    try cut(node.parameterID(parameter.name), of: source) {
                        $0.selectingColumns(blocks: kept, width: 1)
                    }
                }
            }
            try cut(ParameterID(node: part.node, name: "weight"), of: source) {
                $0.selectingRows(blocks: kept, height: 1)
            }
        }
    }

    private mutating func cut(
        _ id: ParameterID, of source: Model, by selection: (Tensor) -> Tensor?
    ) throws(AnalysisError) {
        guard let tensor = source.tensors[id] else { throw .tensor(id, reason: "is missing") }
        guard let result = selection(tensor) else {
            throw .tensor(id, reason: "has shape \(tensor.shape) and cannot be cut")
        }
        tensors[id] = result
    }

    /// Moves what removed neurons contribute on average into the bias of their part's last matrix.
    ///
    /// - Parameter source: The model in which the neurons are still there.
    mutating func keepMeansOfRemovedNeurons(
        from source: Model, along plan: ReusePlan, sequences: [ModelInput], resources: ExecutionResources
    ) throws(AnalysisError) {
        let narrowed = source.graph.narrowed(by: plan.neurons)
        guard !narrowed.isEmpty else { return }
        let names = narrowed.map(\.part.features)
        let compiled = try source.compiled(resources: resources, observing: Observation(values: Set(names)))
        var sums = narrowed.map { [Double](repeating: 0, count: $0.part.width) }
        var counts = [Int](repeating: 0, count: narrowed.count)
        for chunk in sequences.batches(rows: 1024, by: .reaching) {
            let rows = try compiled.collect(Array(sequences[chunk]), values: names).values
            for (index, name) in names.enumerated() {
                guard let buffer = rows[name] else { continue }
                for row in 0..<buffer.rows {
                    for (column, value) in buffer.row(row).enumerated() { sums[index][column] += Double(value) }
                }
                counts[index] += buffer.rows
            }
        }
        for (index, entry) in narrowed.enumerated() {
            let weight = ParameterID(node: entry.part.node, name: "weight")
            guard let matrix = source.tensors[weight]?.matrix else { throw .tensor(weight, reason: "is missing") }
            var means = sums[index].map { $0 / Double(max(counts[index], 1)) }
            for neuron in entry.kept { means[neuron] = 0 }
            let shift = Matrix(rows: 1, columns: means.count, elements: means).multiplied(by: matrix)
            try addBias(of: entry.part.node)
            let id = ParameterID(node: entry.part.node, name: "bias")
            guard let bias = tensors[id] else { continue }
            tensors[id] = Tensor(zip(bias.floats, shift.elements).map { Float(Double($0) + $1) }, shape: bias.shape)
        }
    }
}

extension CheckedGraph {
    /// The parts that entries of a plan make narrower, and the neurons that stay.
    package func narrowed(by entries: [ReusePlan.Neurons]) -> [(part: FeedForwardPart, kept: [Int])] {
        guard !entries.isEmpty else { return [] }
        let parts = feedForwardParts
        return entries.compactMap { entry in
            guard let part = parts.first(where: { $0.node == entry.node }), entry.kept.indices.count < part.width else {
                return nil
            }
            return (part, entry.kept.indices)
        }
    }

    /// The first part that a plan makes narrower: the mean of what goes is needed, and calibration data to take it
    /// from. `nil`: there is none.
    package func firstPartLosingNeurons(along plan: ReusePlan) -> String? { narrowed(by: plan.neurons).first?.part.node }
}
