import Matrices
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

    /// Lets the last matrices of narrowed parts make up for the neurons that went: what these contribute on average
    /// goes into the bias, and where it is wanted, what the others can say of them into the others' rows.
    ///
    /// Healing starts from there; it sees what is really computed upstream.
    ///
    /// - Parameters:
    ///   - source: The model in which the neurons are still there.
    ///   - fits: Whether rows are refitted; else only means are kept.
    ///   - known: Sums of the source on these sequences.
    mutating func compensateForNeurons(
        of source: Model, along plan: ReusePlan, fits: Bool, sequences: [ModelInput], pooling: Pooling?,
        knowing known: KnownSums?, resources: ExecutionResources
    ) throws(AnalysisError) {
        let narrowed = source.graph.narrowed(by: plan.neurons)
        let kept = Dictionary(narrowed.map { ($0.part.node, $0.kept) }, uniquingKeysWith: { first, _ in first })
        for batch in NeuronSums.batches(of: narrowed.map(\.part)) {
            let sums = try NeuronSums.collect(
                source, batch, sequences, pooling: pooling, knowing: known, resources: resources)
            for (part, sums) in zip(batch, sums) {
                guard let kept = kept[part.node] else { continue }
                try CancellableWorkers(resources).check()
                let weight = ParameterID(node: part.node, name: "weight")
                guard let old = source.tensors[weight]?.matrix else { throw .tensor(weight, reason: "is missing") }
                let refitted = fits ? sums.refitted(old, keeping: kept) : nil
                try setLastMatrix(of: part, refitted ?? old.selecting(rows: kept), keeping: kept, sums, old: old)
            }
        }
    }

    /// Sets a narrowed part's last matrix, and the bias so that the mean of what it gives stays.
    ///
    /// - Parameters:
    ///   - weight: `[kept, outputs]`.
    ///   - old: The matrix of the whole part.
    package mutating func setLastMatrix(
        of part: FeedForwardPart, _ weight: Matrix, keeping kept: [Int], _ sums: RowStatistics, old: Matrix
    ) throws(AnalysisError) {
        try addBias(of: part.node)
        let id = ParameterID(node: part.node, name: "bias")
        guard let bias = tensors[id] else { throw .tensor(id, reason: "is missing") }
        let means = sums.featureMeans
        let before = Matrix(rows: 1, columns: means.count, elements: means).multiplied(by: old)
        let after = Matrix(rows: 1, columns: kept.count, elements: kept.map { means[$0] }).multiplied(by: weight)
        let shift = zip(before.elements, after.elements).map(-)
        tensors[ParameterID(node: part.node, name: "weight")] = Tensor(
            weight.elements.map(Float.init), shape: [weight.rows, weight.columns])
        tensors[id] = Tensor(zip(bias.floats, shift).map { Float(Double($0) + $1) }, shape: bias.shape)
    }
}

extension RowStatistics {
    /// The covariance of the features, and what is added to its diagonal in fits of neurons.
    package var covariance: (matrix: Matrix, ridge: Double) {
        var result = gram(centredAt: featureMeans)
        let scale = 1 / Double(max(count, 1))
        for place in result.elements.indices { result.elements[place] *= scale }
        return (result, Self.neuronRidge * result.trace / Double(max(featureCount, 1)))
    }

    /// λ of fits of neurons by one another, as a share of the mean of their variances.
    package static let neuronRidge = 0.01

    /// The rows of a matrix that stay, with what the others' neurons have in common with theirs added:
    /// W_S + (C_SS + λI)⁻¹ C_SP W_P.
    ///
    /// - Returns: `nil` where the neurons say nothing.
    fileprivate func refitted(_ weight: Matrix, keeping kept: [Int]) -> Matrix? {
        guard count > 1 else { return nil }
        let (covariance, ridge) = covariance
        let stays = Set(kept)
        let gone = (0..<featureCount).filter { !stays.contains($0) }
        let rows = covariance.selecting(rows: kept)
        var left = rows.selecting(columns: kept)
        for index in 0..<left.rows { left[index, index] += ridge }
        let right = rows.selecting(columns: gone).multiplied(by: weight.selecting(rows: gone))
        guard let change = left.solved(for: right) else { return nil }
        return weight.selecting(rows: kept) + change
    }
}

extension CheckedGraph {
    /// The parts that entries of a plan make narrower, and the neurons that stay.
    package func narrowed(by entries: [ReusePlan.Neurons]) -> [(part: FeedForwardPart, kept: [Int])] {
        guard !entries.isEmpty else { return [] }
        let parts = feedForwardParts
        return entries.compactMap { entry in
            guard let part = parts.first(where: { $0.node == entry.node }), entry.kept.count < part.width else {
                return nil
            }
            return (part, entry.kept.indices)
        }
    }

    /// The first part that a plan makes narrower: the mean of what goes is needed, and calibration data to take it
    /// from. `nil`: there is none.
    package func firstPartLosingNeurons(along plan: ReusePlan) -> String? {
        narrowed(by: plan.neurons).first?.part.node
    }
}
